"""Copies that lie in more than one split of a data set, so that a test tests nothing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.curate.copies.near_duplicates import DUPLICATE, KEEPER
from engine.curate.records import Finding
from engine.errors import UsageError
from engine.store import Store

LEAK, HELD = "leak", "held"


def by_folder(store: Store, under: Sequence[str]) -> dict[int, str]:
    """Return the split of each asset: the folder right below ``under`` that it is in.

    Raises:
        UsageError: there are fewer than two.
    """
    splits = {}
    for root in under:
        for asset in store.assets([root]):
            parts = Path(asset.path).relative_to(root).parts
            if len(parts) > 1:
                splits[asset.asset_id] = parts[0]
    return _checked(splits, f"folders with assets of the library below {', '.join(under)}")


def common_folder(store: Store) -> str:
    """Return the innermost folder that all assets lie below."""
    folders = {os.path.dirname(asset.path) for asset in store.assets()}  # noqa: PTH120
    if not folders:
        raise UsageError("the library is empty; index something first: library.index(PATH)")
    return os.path.commonpath(folders)


def by_tag(store: Store, words: Sequence[str], under: Sequence[str] | None) -> dict[int, str]:
    """Return the split of each asset: the first of ``words`` that it is tagged with.

    Raises:
        UsageError: fewer than two of them are tags of assets.
    """
    ids = [asset.asset_id for asset in store.assets(under)]
    splits = {}
    for asset_id, tags in store.tags(ids).items():
        if word := next((word for word in words or tags if word in tags), None):
            splits[asset_id] = word
    return _checked(splits, f"tags ({', '.join(words) or 'of assets themselves'})")


def _checked(splits: dict[int, str], what: str) -> dict[int, str]:
    if len(set(splits.values())) < 2:
        there = ", ".join(sorted(set(splits.values()))) or "none"
        raise UsageError(f"splits are two {what} or more, and there is {there}")
    return splits


def leaks(groups: Sequence[Finding], splits: Mapping[int, str]) -> list[Finding]:
    """Return the files of duplicate groups that lie in several splits.

    The smallest split is held: others have measured on it, and it is the larger one from
    which an asset is missed less. What is the same in other splits is a leak.
    """
    sizes = Counter(splits.values())
    by_group: dict[int, list[Finding]] = {}
    for finding in groups:
        if finding.verdict in (KEEPER, DUPLICATE) and finding.asset_id in splits and finding.group:
            by_group.setdefault(finding.group, []).append(finding)
    found = []
    across = [
        members
        for members in by_group.values()
        if len({splits[member.asset_id] for member in members}) > 1
    ]
    for number, members in enumerate(across, 1):
        home = min({splits[member.asset_id] for member in members}, key=lambda s: (sizes[s], s))
        kept = next(member for member in members if splits[member.asset_id] == home)
        for member in sorted(
            members, key=lambda member: (splits[member.asset_id] != home, member.path)
        ):
            split = splits[member.asset_id]
            verdict = HELD if split == home else LEAK
            why = (
                f"in {split}"
                if split == home
                else f"in {split}; the same is in {home}: {kept.path}"
            )
            found.append(
                Finding(member.asset_id, None, member.path, verdict, number, member.score, why)
            )
    return found
