"""What class each asset is said to be of: by its folder, its tag, or a table."""

from __future__ import annotations

from pathlib import Path

from engine.curate import csv_annotations
from engine.curate.asset_vectors import BLOCK, Items, paths_of
from engine.errors import UsageError
from engine.store import Store

FOLDER, TAG = "folder", "tag"


def labels(store: Store, items: Items, source: str) -> list[str | None]:
    """The label of each item, None where nothing is said of it.

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
            a: said.value for a, said in csv_annotations.read(store, Path(source), "label").items()
        }
    return [found.get(asset) for asset in items.assets.tolist()]


def own_tags(store: Store, items: Items) -> dict[int, tuple[str, ...]]:
    """The tags that people, and runs on their behalf, gave the assets."""
    found: dict[int, tuple[str, ...]] = {}
    for first in range(0, len(items), BLOCK):
        found |= store.tags(items.assets[first : first + BLOCK].tolist())
    return found


def tag_groups(store: Store, items: Items) -> list[str]:
    """One group for each item: the rarest of its own tags; where it has none, the most
    probable word that a bridge put to its moment; else ``untagged``."""
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
    """The labels, where every item has one.

    Raises:
        UsageError: some have none.
    """
    missing = sum(label is None for label in found)
    if missing:
        raise UsageError(f"{missing} of {len(found)} assets have no label by {source}")
    return [label for label in found if label is not None]
