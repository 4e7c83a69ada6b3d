"""Exact search in FAISS: a flat index under the moments' own ids."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.id_sets import among
from engine.common.optional_package import importing
from engine.index.allowed import Allowed
from engine.index.vector_index import Scores, best_hits, drawn
from engine.types.arrays import MomentIds, Vectors

TIES = 64
"""Hits past ``top`` in which equal scores are looked for. FAISS breaks ties as they come; a
run of equal scores that straddles ``top`` is whole then, unless it is longer."""


def import_faiss() -> Any:
    """FAISS, of which faiss-cpu and faiss-gpu install the same module.

    Raises:
        ExtraMissing: neither is installed.
    """
    with importing("vector search", "cpu", "faiss", blas=True):
        import faiss
    return faiss


class ExactIndex:
    """Implements ``VectorIndex`` by scoring every vector, kept as float16.

    That is half of the memory and of the time of float32, and exact for what the log
    keeps as float16.
    """

    def __init__(self, dim: int) -> None:
        faiss = self._faiss = import_faiss()
        kind = faiss.ScalarQuantizer.QT_fp16
        flat = faiss.IndexScalarQuantizer(dim, kind, faiss.METRIC_INNER_PRODUCT)
        self._flat = flat
        self._index = faiss.IndexIDMap(flat)
        self._ids: MomentIds | None = np.zeros(0, np.int64)
        """Ascending; None after a change, until it is asked for."""
        self._rows = np.zeros(0, np.int64)
        """Where each of them lies."""

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: MomentIds, vectors: Vectors) -> None:
        self._ids = None
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), ids)

    def remove(self, ids: MomentIds) -> int:
        self._ids = None
        return int(self._index.remove_ids(np.ascontiguousarray(ids, np.int64)))

    def search(
        self, query: Vectors, top: int, allowed: Allowed | None = None
    ) -> tuple[MomentIds, Scores]:
        limit = min(top + TIES, len(self))
        if limit == 0 or top <= 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        # One thread a query: two gain little, and a loaded machine makes them wait.
        self._faiss.omp_set_num_threads(1)
        scores, ids = self._index.search(query[None], limit, params=self._filter(allowed))
        found = ids[0] >= 0  # the rest is padding
        return best_hits(ids[0][found], scores[0][found], top)

    def _filter(self, allowed: Allowed | None) -> Any:
        """Search parameters that admit only ``allowed``; never a change of the index."""
        if allowed is None:
            return None
        return self._faiss.SearchParameters(sel=self._faiss.IDSelectorBatch(allowed.ids))

    def ids(self) -> MomentIds:
        if self._ids is None:
            listed = self._faiss.vector_to_array(self._index.id_map)
            self._rows = np.argsort(listed, kind="stable")
            self._ids = listed[self._rows]
        return self._ids

    def holds(self, ids: MomentIds) -> NDArray[np.bool_]:
        return among(ids, self.ids())

    def vectors(self, ids: MomentIds) -> Vectors:
        if not len(ids):
            return np.zeros((0, self._flat.d), np.float32)
        if not self.holds(ids).all():
            raise KeyError("an id that the index does not hold")
        # As they lie in memory: FAISS would look each one up, and write it out by itself.
        codes = self._faiss.rev_swig_ptr(self._flat.codes.data(), self._flat.codes.size())
        rows = self._rows[np.searchsorted(self.ids(), ids)]
        held: Vectors = codes.view(np.float16).reshape(-1, self._flat.d)[rows].astype(np.float32)
        return held

    def sample(self, count: int) -> Vectors:
        return self.vectors(self.ids()[drawn(len(self), count)])
