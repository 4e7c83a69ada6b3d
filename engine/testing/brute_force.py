"""The numpy oracle: exact search in a page, which every backend must agree with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.index.allowed import Allowed
from engine.index.vector_index import Scores, drawn
from engine.types.arrays import MomentIds, Vectors


class NumpyIndex:
    """Implements ``VectorIndex`` by brute force. For tests and for truth."""

    def __init__(self, dim: int) -> None:
        self._ids: MomentIds = np.zeros(0, np.int64)
        self._rows: Vectors = np.zeros((0, dim), np.float32)

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: MomentIds, vectors: Vectors) -> None:
        self._ids = np.concatenate([self._ids, ids])
        self._rows = np.concatenate([self._rows, vectors])

    def remove(self, ids: MomentIds) -> int:
        kept = ~np.isin(self._ids, ids)
        self._ids, self._rows = self._ids[kept], self._rows[kept]
        return int((~kept).sum())

    def search(
        self, query: Vectors, top: int, allowed: Allowed | None = None
    ) -> tuple[MomentIds, Scores]:
        rows = np.arange(len(self._ids))
        if allowed is not None:
            rows = rows[np.isin(self._ids, allowed.ids)]
        scores = self._rows[rows] @ query
        order = np.lexsort((self._ids[rows], -scores))[:top]
        return self._ids[rows[order]], scores[order]

    def ids(self) -> MomentIds:
        return np.sort(self._ids)

    def holds(self, ids: MomentIds) -> NDArray[np.bool_]:
        return np.isin(ids, self._ids)

    def vectors(self, ids: MomentIds) -> Vectors:
        place = {int(moment): row for row, moment in enumerate(self._ids)}
        return self._rows[[place[int(moment)] for moment in ids]]

    def sample(self, count: int) -> Vectors:
        return self._rows[drawn(len(self), count)]
