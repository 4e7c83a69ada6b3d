"""What is connected belongs together, and one of it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from engine.store.records import AssetFacts


class DisjointSets:
    """Disjoint sets of the numbers below ``count`` (Tarjan 1975)."""

    def __init__(self, count: int) -> None:
        self._above = np.arange(count)

    def root(self, one: int) -> int:
        """The number that stands for the set of ``one``."""
        above = self._above
        while above[one] != one:
            above[one] = above[above[one]]
            one = int(above[one])
        return one

    def join(self, one: int, other: int) -> bool:
        """Make their sets one; whether they were two."""
        first, second = self.root(one), self.root(other)
        self._above[max(first, second)] = min(first, second)
        return first != second

    def are_one(self, one: int, other: int) -> bool:
        return self.root(one) == self.root(other)

    def groups(self) -> list[list[int]]:
        """The sets of more than one, by their smallest."""
        found: dict[int, list[int]] = {}
        for one in np.flatnonzero(self._above != np.arange(len(self._above))).tolist():
            root = self.root(one)
            found.setdefault(root, [root]).append(one)
        return [sorted(found[root]) for root in sorted(found)]


KEEPER_RULE = "most pixels, then most bytes, then the earliest date, then the path"


def keeper(facts: Sequence[AssetFacts]) -> AssetFacts:
    """Which of several is kept: see ``KEEPER_RULE``.

    A date is when the media says it was made, and the file's own where it says nothing.
    """
    return min(facts, key=lambda one: (-one.pixels, -one.size, _date(one), one.path))


def _date(one: AssetFacts) -> str:
    if one.taken_at:
        return one.taken_at
    changed = np.datetime64(one.mtime_ns, "ns").astype("datetime64[s]")
    return str(changed)


def numbered(ids: Iterable[int]) -> tuple[list[int], dict[int, int]]:
    """Distinct ids in order, and the place of each."""
    known = sorted(set(ids))
    return known, {one: place for place, one in enumerate(known)}
