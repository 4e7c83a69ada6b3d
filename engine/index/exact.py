"""Exact search in FAISS: a flat index under the moments' own ids."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ExtraMissing
from engine.index.base import Scores
from engine.types import MomentIds, Vectors

_TIES = 64
"""How far past ``top`` equal scores are looked for; see ``_ordered``."""


def import_faiss() -> Any:
    """FAISS, of which faiss-cpu and faiss-gpu install the same module.

    Raises:
        ExtraMissing: neither is installed.
    """
    try:
        import faiss
    except ImportError:
        raise ExtraMissing("vector search", "cpu") from None
    return faiss


class ExactIndex:
    """Implements ``VectorIndex`` with ``IndexFlatIP``."""

    def __init__(self, dim: int) -> None:
        self._faiss = import_faiss()
        self._index = self._faiss.IndexIDMap2(self._faiss.IndexFlatIP(dim))
        self._ids: MomentIds | None = np.zeros(0, np.int64)
        """Ascending; None after a change, until it is asked for."""

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: MomentIds, vectors: Vectors) -> None:
        self._ids = None
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), ids)

    def remove(self, ids: MomentIds) -> int:
        self._ids = None
        return int(self._index.remove_ids(np.ascontiguousarray(ids, np.int64)))

    def search(
        self, query: Vectors, top: int, allowed: MomentIds | None = None
    ) -> tuple[MomentIds, Scores]:
        limit = min(top + _TIES, len(self))
        if limit == 0 or top <= 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        scores, ids = self._index.search(query[None], limit, params=self._filter(allowed))
        return _ordered(ids[0], scores[0], top)

    def _filter(self, allowed: MomentIds | None) -> Any:
        """Search parameters that admit only ``allowed``; never a change of the index."""
        if allowed is None:
            return None
        selector = self._faiss.IDSelectorBatch(np.ascontiguousarray(allowed, np.int64))
        return self._faiss.SearchParameters(sel=selector)

    def ids(self) -> MomentIds:
        if self._ids is None:
            self._ids = np.sort(self._faiss.vector_to_array(self._index.id_map))
        return self._ids

    def holds(self, ids: MomentIds) -> NDArray[np.bool_]:
        known = self.ids()
        if not len(known):
            return np.zeros(len(ids), np.bool_)
        places = np.searchsorted(known, ids).clip(max=len(known) - 1)
        held: NDArray[np.bool_] = known[places] == ids
        return held

    def vectors(self, ids: MomentIds) -> Vectors:
        if not len(ids):
            return np.zeros((0, self._index.d), np.float32)
        try:
            rows: Vectors = self._index.reconstruct_batch(np.ascontiguousarray(ids, np.int64))
        except RuntimeError:
            raise KeyError("an id that the index does not hold") from None
        return rows


def _ordered(ids: MomentIds, scores: Scores, top: int) -> tuple[MomentIds, Scores]:
    """Drop FAISS's padding (id -1) and put equal scores in the order of their ids.

    FAISS breaks ties as they come. Looking a little past ``top`` keeps a run of
    equal scores that straddles it whole, unless the run is longer than that.
    """
    found = ids >= 0
    ids, scores = ids[found], scores[found]
    order = np.lexsort((ids, -scores))[:top]
    return ids[order], scores[order]
