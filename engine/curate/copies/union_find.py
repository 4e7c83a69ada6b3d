"""Union-find over duplicate pairs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


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


def numbered(ids: Iterable[int]) -> tuple[list[int], dict[int, int]]:
    """Return distinct ids in order, and the place of each."""
    known = sorted(set(ids))
    return known, {asset_id: place for place, asset_id in enumerate(known)}
