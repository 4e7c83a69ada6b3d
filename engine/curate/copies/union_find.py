"""Union-find over duplicate pairs, and which file of a group is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from engine.common import local_time
from engine.store.records import AssetFacts


class DisjointSets:
    """Disjoint sets of the numbers below ``count`` (Tarjan 1975)."""

    def __init__(self, count: int) -> None:
        self._parents = np.arange(count)

    def root(self, number: int) -> int:
        """Return the number that stands for the set of ``number``."""
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = int(parents[number])
        return number

    def join(self, first: int, second: int) -> bool:
        """Unite the sets of two numbers, and tell whether they were two sets."""
        roots = self.root(first), self.root(second)
        self._parents[max(roots)] = min(roots)
        return roots[0] != roots[1]

    def are_connected(self, first: int, second: int) -> bool:
        """Tell whether two numbers are in the same set."""
        return self.root(first) == self.root(second)

    def groups(self) -> list[list[int]]:
        """Return the sets of more than one number, by their smallest."""
        found: dict[int, list[int]] = {}
        moved = np.flatnonzero(self._parents != np.arange(len(self._parents)))
        for number in moved.tolist():
            root = self.root(number)
            found.setdefault(root, [root]).append(number)
        return [sorted(found[root]) for root in sorted(found)]


KEEPER_RULE = (
    "most pixels, then a place that is no copy, backup or trash, then most bytes,"
    " then the earliest date, then the path"
)
"""The rule by which a file of a group is kept, in words for people."""


def keeper(facts: Sequence[AssetFacts]) -> AssetFacts:
    """Choose which of several files is kept: see ``KEEPER_RULE``.

    A date is when the media says it was made, and the file's own where it says nothing.
    """
    return min(
        facts,
        key=lambda file: (
            -file.pixels, _is_spare(file.path), -file.size, _date(file), file.path,
        ),
    )  # fmt: skip


_SPARE_FOLDER = re.compile(
    r"\W*(?:trash|recycled?|recycle.bin|backups?|bak|copy|copies|thumb(?:nail)?s?)\W*",
    re.IGNORECASE,
)
_SPARE_NAME = re.compile(r"copy of |.*[ _-]copy(?:[ _-]?\(?\d+\)?)?$|.* \(\d+\)$", re.IGNORECASE)


def _is_spare(path: str) -> bool:
    """Tell whether a path says that its file is a copy of another: ``Copy of a``, ``Backup/a``."""
    *folders, name = path.replace("\\", "/").split("/")
    stem = name.rpartition(".")[0] or name
    return bool(_SPARE_NAME.match(stem)) or any(map(_SPARE_FOLDER.fullmatch, folders[-3:]))


def _date(file: AssetFacts) -> str:
    if file.taken_at:
        return file.taken_at
    return local_time.iso_of(file.mtime_ns)


def numbered(ids: Iterable[int]) -> tuple[list[int], dict[int, int]]:
    """Return distinct ids in order, and the place of each."""
    known = sorted(set(ids))
    return known, {asset_id: place for place, asset_id in enumerate(known)}
