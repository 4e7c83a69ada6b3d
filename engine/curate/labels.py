"""Labels of assets, from their folder, their tag, or a table."""

from __future__ import annotations

from pathlib import Path

from engine.common.vectors import chunks
from engine.curate import csv_annotations
from engine.curate.asset_vectors import BLOCK, AssetPoints, paths_of
from engine.errors import UsageError
from engine.store import Store

FOLDER, TAG = "folder", "tag"


def labels(store: Store, items: AssetPoints, source: str) -> list[str | None]:
    """Return the label of each item, None where it has none.

    Args:
        source: ``folder``, the name of the folder that the file is in; ``tag``, the tag of
            its own where it has just one; or the path of a CSV file (path, label).

    Raises:
        UsageError, PathNotFound: the table cannot be used.
    """
    if source == FOLDER:
        paths = paths_of(store, items.assets)
        found = {asset: Path(path).parent.name or "/" for asset, path in paths.items()}
    elif source == TAG:
        found = {a: words[0] for a, words in own_tags(store, items).items() if len(words) == 1}
    else:
        found = {
            a: label.value
            for a, label in csv_annotations.read(store, Path(source), "label").items()
        }
    return [found.get(asset) for asset in items.assets.tolist()]


def own_tags(store: Store, items: AssetPoints) -> dict[int, tuple[str, ...]]:
    """Return the tags that people, and runs on their behalf, gave the assets."""
    found: dict[int, tuple[str, ...]] = {}
    for part in chunks(items.assets, BLOCK):
        found |= store.tags(part.tolist())
    return found


def tag_groups(store: Store, items: AssetPoints) -> list[str]:
    """Return a group for each item, by its rarest tag.

    Where an item has no tag of its own, it is the most probable word that a bridge put to
    its moment; else ``untagged``.
    """
    own, counts = own_tags(store, items), store.tag_counts()
    groups: list[str] = []
    for first in range(0, len(items), BLOCK):
        moments = items.moments[first : first + BLOCK]
        records = store.records(moments)
        for asset, moment in zip(
            items.assets[first : first + BLOCK].tolist(), moments.tolist(), strict=True
        ):
            if asset in own:
                groups.append(min(own[asset], key=lambda word: (counts.get(word, 0), word)))
                continue
            tags = records[moment].moment.tags if moment in records else ()
            groups.append(max(tags, key=lambda tag: tag.weight).word if tags else "untagged")
    return groups


def required(found: list[str | None], source: str) -> list[str]:
    """Return the labels if every item has one.

    Raises:
        UsageError: some have none.
    """
    missing = sum(label is None for label in found)
    if missing:
        raise UsageError(f"{missing} of {len(found)} assets have no label by {source}")
    return [label for label in found if label is not None]
