"""A set of moments that a search may return: prepared once, used by many searches."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.common.id_sets import locate
from engine.common.lru import LRUCache
from engine.types.arrays import MomentIds

_KEPT = 16
"""Indexes that a set is kept prepared for."""
_FEW = 20
"""A lookup in sorted ids costs about this many entries of a pass over them."""


class RowMask:
    """The rows of an index that may be returned, of ``size``.

    Made of the places that may, or of a mask of all rows; the other is derived when a
    search asks for it.
    """

    def __init__(
        self,
        size: int,
        places: NDArray[np.int64] | None = None,
        mask: NDArray[np.bool_] | None = None,
    ) -> None:
        self.size = size
        if places is not None:
            self.places = places
        if mask is not None:
            self.mask = mask

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """A flag for every row, (size,)."""
        mask = np.zeros(self.size, np.bool_)
        mask[self.places] = True
        return mask

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """The rows that may be returned, ascending."""
        return np.flatnonzero(self.mask)

    @cached_property
    def count(self) -> int:
        """The number of rows that may be returned."""
        return len(self.places) if "places" in vars(self) else int(np.count_nonzero(self.mask))

    @cached_property
    def bits(self) -> NDArray[np.uint8]:
        """The mask, eight rows a byte, lowest bit first, as FAISS reads bitmaps."""
        return np.packbits(self.mask, bitorder="little")

    @property
    def share(self) -> float:
        """The part of the rows that may be returned."""
        return self.count / max(self.size, 1)

    def without(self, dropped: NDArray[np.bool_]) -> RowMask:
        """Return these rows less those that a mask (size,) names."""
        if "places" in vars(self):
            return RowMask(self.size, places=self.places[~dropped[self.places]])
        return RowMask(self.size, mask=self.mask & ~dropped)


class Allowed:
    """Moment ids that pass a filter.

    Args:
        ids: int64, (n,), in any order.
    """

    def __init__(self, ids: MomentIds) -> None:
        self.ids = np.unique(np.ascontiguousarray(ids, np.int64))
        self._rows: LRUCache[Hashable, RowMask] = LRUCache(_KEPT)

    def __len__(self) -> int:
        return len(self.ids)

    def mask(self, ids: MomentIds) -> NDArray[np.bool_]:
        """Return which of ``ids`` (n,) pass, (n,) bool."""
        passes = np.zeros(len(ids), np.bool_)
        inside = (ids >= 0) & (ids < len(self._table))
        passes[inside] = self._table[ids[inside]]
        return passes

    @cached_property
    def _table(self) -> NDArray[np.bool_]:
        """One entry for every id up to the last: a lookup in place of a search."""
        table = np.zeros(int(self.ids[-1]) + 1 if len(self.ids) else 0, np.bool_)
        table[self.ids] = True
        return table

    def rows(self, ids: MomentIds, key: Hashable) -> RowMask:
        """Return which rows of an index pass.

        Args:
            ids: of the rows, (n,), ascending.
            key: names those ids, so that the answer can be kept.
        """
        return self._rows.get_or_make(key, lambda: self._among(ids))

    def _among(self, ids: MomentIds) -> RowMask:
        """Look up a few ids one by one, and many in one pass over all rows, which is cheaper."""
        if _FEW * len(self) > len(ids):
            return RowMask(len(ids), mask=self.mask(ids))
        return RowMask(len(ids), places=locate(self.ids, ids)[1])
