"""Search one modality of a space: its snapshot on disk, and what was committed since."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from engine.index.allowed import Allowed, RowMask
from engine.index.choose import EXACT
from engine.index.exact import ExactIndex
from engine.index.snapshot import Snapshot
from engine.index.vector_index import Scores, VectorIndex, best_hits, drawn_older
from engine.types import Placement
from engine.types.arrays import MomentIds, Vectors

_versions = itertools.count()


class SegmentedIndex:
    """Implements ``VectorIndex``: a snapshot, an exact tail of newer vectors, and a note
    of the snapshot's rows that have died."""

    def __init__(
        self, dim: int, snapshot: Snapshot | None = None, tail: VectorIndex | None = None
    ) -> None:
        self.dim = dim
        self.snapshot = snapshot
        self.tail: VectorIndex = ExactIndex(dim) if tail is None else tail
        self._dead = np.zeros(0 if snapshot is None else len(snapshot), np.bool_)
        self._buried = 0
        self._version = next(_versions)
        """Names the snapshot's ids in the caches of filters."""
        self._alive: RowMask | None = None
        """The snapshot's living rows; None before a search asks, or where all live."""

    def __len__(self) -> int:
        return len(self._dead) - self._buried + len(self.tail)

    @property
    def dead(self) -> int:
        """Rows of the snapshot whose moments have been deleted."""
        return self._buried

    def add(self, ids: MomentIds, vectors: Vectors) -> None:
        self.tail.add(ids, vectors)

    def remove(self, ids: MomentIds) -> int:
        removed = self.tail.remove(ids) if len(self.tail) else 0
        if self.snapshot is not None:
            _, places = self.snapshot.places(ids)
            new = places[~self._dead[places]]
            self._dead[new] = True
            self._buried += len(new)
            self._alive = None
            removed += len(new)
        return removed

    def search(
        self, query: Vectors, top: int, allowed: Allowed | None = None
    ) -> tuple[MomentIds, Scores]:
        newer = self.tail.search(query, top, allowed)
        if self.snapshot is None:
            return newer
        older = self.snapshot.search(query, top, self._rows(self.snapshot, allowed))
        ids = np.concatenate([older[0], newer[0]])
        return best_hits(ids, np.concatenate([older[1], newer[1]]), top)

    def placement(self, allowed: Allowed, top: int) -> Placement:
        """Return where a search applies this filter; the tail always does inside."""
        rows = None if self.snapshot is None else self._rows(self.snapshot, allowed)
        if self.snapshot is None or rows is None:
            return Placement.INSIDE
        return self.snapshot.placement(rows, top)

    @property
    def exact(self) -> bool:
        """True if a search scores every vector."""
        return self.snapshot is None or self.snapshot.about.key == EXACT

    def _rows(self, snapshot: Snapshot, allowed: Allowed | None) -> RowMask | None:
        """Return the rows of the snapshot that may be returned; None where all may."""
        if allowed is not None:
            rows = allowed.rows(snapshot.ids, self._version)
            return rows.without(self._dead) if self._buried else rows
        if not self._buried:
            return None
        if self._alive is None:
            self._alive = RowMask(len(snapshot), mask=~self._dead)
        return self._alive

    def ids(self) -> MomentIds:
        return np.sort(np.concatenate([self._older_ids(), self.tail.ids()]))

    def _older_ids(self) -> MomentIds:
        if self.snapshot is None:
            return np.zeros(0, np.int64)
        return self.snapshot.ids[~self._dead] if self._buried else self.snapshot.ids

    def holds(self, ids: MomentIds) -> NDArray[np.bool_]:
        held = self.tail.holds(ids)
        if self.snapshot is not None:
            older, places = self.snapshot.places(ids)
            older[older] = ~self._dead[places]
            held = held | older
        return held

    def vectors(self, ids: MomentIds) -> Vectors:
        if self.snapshot is None:
            return self.tail.vectors(ids)
        older, places = self.snapshot.places(ids)
        if self._dead[places].any():
            raise KeyError("an id that the index does not hold")
        rows = np.empty((len(ids), self.dim), np.float32)
        rows[older] = self.snapshot.vectors(places)
        rows[~older] = self.tail.vectors(ids[~older])
        return rows

    def sample(self, count: int) -> Vectors:
        if self.snapshot is None:
            return self.tail.sample(count)
        # A snapshot may be too large to list its ids.
        places = drawn_older(len(self.snapshot), self._buried, len(self.tail), count)
        older = self.snapshot.vectors(places[~self._dead[places]])
        return np.concatenate([older, self.tail.sample(max(count - len(older), 0))])
