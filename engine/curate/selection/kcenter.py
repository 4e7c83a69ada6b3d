"""Farthest-first traversal: each choice is the point farthest from all before it.

No choice of as many points covers the rest with half of its radius (Gonzalez 1985). The
plain way reads every vector for every choice. Here a point's distance to the choices is
brought up to date only when the point may be the farthest: what is known of it from
earlier choices is a bound, since more choices can only bring it nearer. So a few thousand
points that may be next are kept exact, one matrix-vector product a choice; when the best
of them falls behind the bounds of the others, those with the highest bounds are brought up
to date at once, by a matrix product with the choices that they have not seen. The result
is that of the plain way, to rounding; memory is a few bytes a point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.common.progress import NO_PROGRESS, Progress
from engine.common.vectors import chunks
from engine.curate.asset_vectors import BLOCK, AssetPoints
from engine.index.matrix import Places
from engine.types.arrays import Vectors

_LEAST, _MOST = 1_024, 32_768
"""Points that are kept exact at a time."""
_SHORT, _LONG = 4, 16
"""Choices out of such a set: below the first, the next is made twice as large; after each
of the second, the half that has come nearer is let go."""
_CHOSEN = np.float32(np.inf)
"""Bound of a point that is a choice, and no candidate any more."""
_CHOICES_PER_PRODUCT = 1_024
"""Choices of one matrix product."""


@dataclass(frozen=True, slots=True)
class Traversal:
    """Choices in order."""

    places: Places
    """(m,): rows of the items."""
    distances: NDArray[np.float64]
    """(m,): cosine distance of each to the nearest choice before it; NaN where there was
    none."""
    radius: float
    """The cosine distance of the point that is farthest from all choices."""


def k_center(
    items: AssetPoints,
    count: int,
    pool: Places,
    first: int,
    given: Vectors | None = None,
    progress: Progress = NO_PROGRESS,
) -> Traversal:
    """Choose ``count`` of the rows in ``pool`` (m,), count <= m.

    Args:
        first: the row of the pool to begin with, where nothing is given.
        given: vectors (c, dim) that count as choices before the first.
    """
    state = _State(items, pool, count + 1 + (0 if given is None else len(given)))
    places, cosines = [], []
    if given is not None and len(given):
        state.add(given)
    elif count:
        state.choose(first)
        places.append(first)
        cosines.append(np.nan)
    while len(places) < count:
        at, cosine = state.farthest()
        state.choose(at)
        places.append(at)
        cosines.append(cosine)
        progress.advance()
    radius = 0.0 if count >= len(pool) else max(0.0, 1 - state.farthest()[1])
    chosen = pool[np.array(places, np.int64)]
    return Traversal(chosen, np.maximum(1 - np.array(cosines, np.float64), 0), radius)


class _State:
    """Bounds of the cosine of each point of a pool with its nearest choice.

    With each bound goes the number of choices that it takes in.
    """

    def __init__(self, items: AssetPoints, pool: Places, most: int) -> None:
        self._items, self._pool = items, pool
        self._near = np.full(len(pool), -2, np.float32)
        self._seen = np.zeros(len(pool), np.int32)
        self._choices = np.empty((most, items.dim), np.float32)
        self._count = 0
        self._exact = np.zeros(0, np.int64)
        self._rows: Vectors = np.zeros((0, items.dim), np.float32)
        self._others = np.float32(-np.inf)
        """The lowest bound of the points that are not exact."""
        self._size, self._lasted = _LEAST, _SHORT

    def add(self, vectors: Vectors) -> None:
        """Let these be choices."""
        self._choices[self._count : self._count + len(vectors)] = vectors
        self._count += len(vectors)
        for vector in vectors if len(self._exact) else ():
            self._near[self._exact] = np.maximum(self._near[self._exact], self._rows @ vector)
        self._seen[self._exact] = self._count

    def choose(self, at: int) -> None:
        """Let a point of the pool be a choice, and no candidate any more."""
        self._lasted += 1
        self.add(self._items.rows(self._pool[at : at + 1]))
        self._near[at] = _CHOSEN

    def farthest(self) -> tuple[int, float]:
        """Return the point whose nearest choice is farthest, and its cosine with that."""
        while True:
            if self._lasted and self._lasted % _LONG == 0 and len(self._exact) > _LEAST:
                self._halve()
            if len(self._exact):
                near = self._near[self._exact]
                best = int(near.argmin())
                if near[best] <= self._others:
                    return int(self._exact[best]), float(near[best])
            self._renew()

    def _renew(self) -> None:
        """Make those points exact that have the lowest bounds."""
        if self._lasted < _SHORT:
            self._size = min(2 * self._size, _MOST)
        self._lasted = 0
        n = len(self._pool)
        if self._size >= n:
            order, self._others = np.arange(n), np.float32(np.inf)
        else:
            order = np.argpartition(self._near, self._size)
            self._others = self._near[order[self._size]]
        self._exact = np.sort(order[: self._size])
        self._rows = self._items.rows(self._pool[self._exact])
        self._catch_up()

    def _halve(self) -> None:
        """Let go of the exact points that are least likely to be next."""
        near, kept = self._near[self._exact], len(self._exact) // 2
        order = np.argpartition(near, kept)
        self._others = min(self._others, near[order[kept]])
        inside = np.sort(order[:kept])
        self._exact, self._rows = self._exact[inside], self._rows[inside]
        self._size = kept

    def _catch_up(self) -> None:
        """Let the exact points see the choices that came since they were looked at."""
        seen = self._seen[self._exact]
        for since in np.unique(seen).tolist():
            if since == self._count:
                continue
            behind = np.flatnonzero(seen == since)
            for part in chunks(behind, BLOCK):
                found = _nearest(self._rows[part], self._choices[since : self._count])
                known = self._near[self._exact[part]]
                self._near[self._exact[part]] = np.maximum(known, found)
        self._seen[self._exact] = self._count


def _nearest(rows: Vectors, choices: Vectors) -> NDArray[np.float32]:
    """Return the greatest cosine (n,) of each row with any of the choices."""
    best = np.full(len(rows), -2, np.float32)
    for part in chunks(choices, _CHOICES_PER_PRODUCT):
        np.maximum(best, (rows @ part.T).max(axis=1), out=best)
    return best


def coverage(items: AssetPoints, pool: Places, chosen: Vectors) -> float:
    """Return the distance of the row of ``pool`` that is farthest from all choices (c, dim)."""
    worst = 2.0
    for part in chunks(pool, BLOCK):
        rows = items.rows(part)
        worst = min(worst, float(_nearest(rows, chosen).min()))
    return max(0.0, 1 - worst)
