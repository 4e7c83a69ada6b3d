"""The living vectors of a library, an asset a row, in the order of their moments.

They are read where searches read them: the snapshot of an index, mapped from disk, and
the tail of what was committed since. So a library of any size streams through, and what
has been deleted does not show.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.index.segmented_index import LiveIndex
from engine.index.space import SpaceIndex
from engine.store import Store
from engine.types import Modality, Space
from engine.types.arrays import MomentIds, Vectors

MODALITIES = (Modality.IMAGE, Modality.KEYFRAME, Modality.SOUND, Modality.SPEECH)
"""What labels are about. Text on screen is not: a sign that says "dog" shows no dog."""
_RANGE = 16_384
"""Moment ids that are looked at together."""


@dataclass(frozen=True)
class LibraryMoments:
    """The moments of one modality of some assets: n moments of m assets."""

    modality: Modality
    assets: MomentIds
    """(m,), ascending."""
    ids: MomentIds
    """(n,), ascending; those of an asset stand together."""
    of: NDArray[np.int64]
    """The place in ``assets`` of each moment, (n,)."""
    vectors: Vectors
    """(n, dim)."""

    @property
    def single(self) -> bool:
        """Whether every asset has one moment."""
        return len(self.ids) == len(self.assets)

    def pooled(self) -> Vectors:
        """The mean vector of each asset, (m, dim). Its scores are the means of theirs."""
        if self.single:
            return self.vectors
        starts = np.flatnonzero(np.diff(self.of, prepend=-1))
        counts = np.diff(starts, append=len(self.of)).astype(np.float32)
        mean = np.add.reduceat(self.vectors, starts, axis=0) / counts[:, None]
        return mean.astype(np.float32)


@dataclass(frozen=True)
class Range:
    """Moments of whole assets, whose vectors have not been read."""

    ids: MomentIds
    """(n,), ascending."""
    owners: MomentIds
    """The asset of each, (n,)."""


class Moments:
    """The moments of one space of a library, as they were when this was made."""

    def __init__(self, store: Store, space: Space) -> None:
        index = SpaceIndex(space)
        index.follow(store)
        self._store = store
        self.indexes: Mapping[Modality, LiveIndex] = {
            modality: index.indexes[modality]
            for modality in MODALITIES
            if modality in index.indexes
        }
        self._ids = {modality: one.ids() for modality, one in self.indexes.items()}

    def sample(self, modality: Modality, count: int) -> Vectors:
        """Up to ``count`` vectors, the same ones at every call."""
        return self.indexes[modality].sample(count)

    def ranges(self, assets: Collection[int] | None = None) -> Iterator[Range]:
        """All moments, whole assets at a time; None means of all assets."""
        wanted = None if assets is None else np.array(sorted(assets), np.int64)
        first, last = self._bounds()
        while first <= last:
            ids, owners, following = self._range(first, last)
            if wanted is not None:
                kept = np.isin(owners, wanted)
                ids, owners = ids[kept], owners[kept]
            if len(ids):
                yield Range(ids, owners)
            first = following

    def _bounds(self) -> tuple[int, int]:
        held = [ids for ids in self._ids.values() if len(ids)]
        if not held:
            return 0, -1
        return min(int(ids[0]) for ids in held), max(int(ids[-1]) for ids in held)

    def _range(self, first: int, last: int) -> tuple[MomentIds, MomentIds, int]:
        """Whole assets from a moment on, and the moment to go on from."""
        size = _RANGE
        while True:
            until = min(first + size - 1, last)
            ids, owners = self._store.assets_of(first, until)
            if until == last or not len(ids):
                return ids, owners, until + 1
            whole = owners != owners[-1]  # the rest of the last may lie past the end
            if whole.any():
                return ids[whole], owners[whole], int(ids[~whole][0])
            size *= 2

    def read(self, part: Range) -> Iterator[LibraryMoments]:
        """The vectors of a range, by modality. May be called from many threads."""
        for modality, ids in self._ids.items():
            low, high = np.searchsorted(ids, [part.ids[0], part.ids[-1] + 1])
            mine = ids[low:high]
            mine = mine[np.isin(mine, part.ids, assume_unique=True)]
            if len(mine):
                owners = part.owners[np.searchsorted(part.ids, mine)]
                assets, of = np.unique(owners, return_inverse=True)
                yield LibraryMoments(
                    modality, assets, mine, of, vectors_of(self.indexes[modality], mine)
                )


def vectors_of(index: LiveIndex, ids: MomentIds) -> Vectors:
    """The vectors of ids that an index holds, (n, dim); of neighbours on disk without a
    detour, which takes a third of the time."""
    if index.snapshot is not None:
        first = int(np.searchsorted(index.snapshot.ids, ids[0]))
        part = slice(first, first + len(ids))
        if np.array_equal(index.snapshot.ids[part], ids):
            return index.snapshot.stored()[part].astype(np.float32)
    return index.vectors(ids)


def assets_under(store: Store, paths: Sequence[str] | None) -> set[int] | None:
    """The ids of the assets at and below paths; None for all."""
    return None if paths is None else {asset.asset_id for asset in store.assets(paths)}
