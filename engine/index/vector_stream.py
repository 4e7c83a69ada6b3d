"""Read the living vectors of a space in order, some thousand at a time, without a copy.

``AssetStream`` reads what searches read, whole assets at a time, and ``StoredVectors`` the
bytes of the log by ascending moment id. Where any row must be had at any time, ``matrix``
has it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import StoreError
from engine.index.segmented_index import SegmentedIndex
from engine.index.space import SpaceIndex
from engine.store import SegmentInfo, Store, segments
from engine.types import Modality, Space
from engine.types.arrays import MomentIds, Vectors

_RANGE = 16_384
"""Moment ids that a stream looks at together."""

StoredRow: TypeAlias = NDArray[np.float16] | NDArray[np.float32]
"""One vector as the log keeps it, shape (dim,)."""

# --- whole assets, from the indexes -------------------------------------------------


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
        """True where every asset has one moment."""
        return len(self.ids) == len(self.assets)

    def pooled(self) -> Vectors:
        """Return the mean vector of each asset, (m, dim). Its scores are the means of theirs."""
        if self.single:
            return self.vectors
        starts = np.flatnonzero(np.diff(self.of, prepend=-1))
        counts = np.diff(starts, append=len(self.of)).astype(np.float32)
        mean = np.add.reduceat(self.vectors, starts, axis=0) / counts[:, None]
        return mean.astype(np.float32)


@dataclass(frozen=True)
class AssetRange:
    """Moments of whole assets, whose vectors have not been read."""

    ids: MomentIds
    """(n,), ascending."""
    owners: MomentIds
    """The asset of each, (n,)."""


class AssetStream:
    """The moments of one space of a library, as they were when this was made.

    They are read where searches read them: the snapshot of an index, mapped from disk, and
    the tail of what was committed since. So a library of any size streams through, and what
    has been deleted does not show.
    """

    def __init__(self, store: Store, space: Space, modalities: Sequence[Modality]) -> None:
        index = SpaceIndex(space)
        index.follow(store)
        self._store = store
        self.indexes: Mapping[Modality, SegmentedIndex] = {
            modality: index.indexes[modality]
            for modality in modalities
            if modality in index.indexes
        }
        self._ids = {modality: live.ids() for modality, live in self.indexes.items()}

    def sample(self, modality: Modality, count: int) -> Vectors:
        """Return up to ``count`` vectors, the same ones at every call."""
        return self.indexes[modality].sample(count)

    def ranges(self, assets: Collection[int] | MomentIds | None = None) -> Iterator[AssetRange]:
        """Yield all moments, whole assets at a time; None means of all assets."""
        chosen = None if assets is None else np.array(sorted(assets), np.int64)
        first, last = self._bounds()
        while first <= last:
            ids, owners, following = self._range(first, last)
            if chosen is not None:
                kept = np.isin(owners, chosen)
                ids, owners = ids[kept], owners[kept]
            if len(ids):
                yield AssetRange(ids, owners)
            first = following

    def _bounds(self) -> tuple[int, int]:
        """Return the first and the last moment id; an empty range where there is none."""
        filled = [ids for ids in self._ids.values() if len(ids)]
        if not filled:
            return 0, -1
        return min(int(ids[0]) for ids in filled), max(int(ids[-1]) for ids in filled)

    def _range(self, first: int, last: int) -> tuple[MomentIds, MomentIds, int]:
        """Return whole assets from a moment on, and the moment to go on from."""
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

    def read(self, part: AssetRange) -> Iterator[LibraryMoments]:
        """Yield the vectors of a range, by modality. May be called from many threads."""
        for modality, ids in self._ids.items():
            low, high = np.searchsorted(ids, [part.ids[0], part.ids[-1] + 1])
            own = ids[low:high]
            own = own[np.isin(own, part.ids, assume_unique=True)]
            if len(own):
                owners = part.owners[np.searchsorted(part.ids, own)]
                assets, of = np.unique(owners, return_inverse=True)
                vectors = read_vectors(self.indexes[modality], own)
                yield LibraryMoments(modality, assets, own, of, vectors)


def read_vectors(index: SegmentedIndex, ids: MomentIds) -> Vectors:
    """Return the vectors (n, dim) of ids, ascending, that an index holds.

    Neighbours on disk are read without a detour, which takes a third of the time.
    """
    if index.snapshot is not None:
        first = int(np.searchsorted(index.snapshot.ids, ids[0]))
        part = slice(first, first + len(ids))
        if np.array_equal(index.snapshot.ids[part], ids):
            return index.snapshot.stored()[part].astype(np.float32)
    return index.vectors(ids)


# --- the stored bytes, from the log -------------------------------------------------


class StoredVectors:
    """The vectors of one space as they are stored, asked for by blocks whose first ids ascend.

    Memory holds the segments that hold an id of a block and reach past its first one: one or two
    in a log that only grew, some 64 MiB each, and those of moments that came later to the same
    files. Nothing is mended on the way: an export of a damaged library says so.
    """

    def __init__(self, store: Store, space: Space) -> None:
        self._folder = store.path / segments.FOLDER
        self._space = space
        ranged = ((_bounds(self._ids(info)), info) for info in store.segments(space.name))
        self._waiting = sorted(((r, i) for r, i in ranged if r), key=lambda pair: pair[0][0])
        self._read_so_far: list[tuple[MomentIds, segments.Stored]] = []

    def block(self, ids: MomentIds) -> dict[int, StoredRow]:
        """Return the vectors of these moments, ascending, (n,); of those that have one.

        Raises:
            StoreError: a segment is damaged, or was merged meanwhile.
        """
        first = int(ids[0])
        self._read_so_far = [part for part in self._read_so_far if part[0][-1] >= first]
        waiting = []
        for (start, until), info in self._waiting:
            if np.searchsorted(ids, start) < np.searchsorted(ids, until, side="right"):
                self._read_so_far.append(self._read(info))
            elif until >= first:
                waiting.append(((start, until), info))
        self._waiting = waiting
        found: dict[int, StoredRow] = {}
        for known, vectors in self._read_so_far:
            shared, _, rows = np.intersect1d(ids, known, assume_unique=True, return_indices=True)
            found.update(zip(shared.tolist(), vectors[rows], strict=True))
        return found

    def _ids(self, info: SegmentInfo) -> MomentIds:
        try:
            return segments.read_ids(self._folder, info)
        except segments.Unreadable as damage:
            raise _unreadable(damage) from damage

    def _read(self, info: SegmentInfo) -> tuple[MomentIds, segments.Stored]:
        try:
            ids, vectors = segments.read_stored(self._folder, info, self._space)
        except segments.Unreadable as damage:
            raise _unreadable(damage) from damage
        order = np.argsort(ids, kind="stable")
        return ids[order], vectors[order]


def _bounds(ids: MomentIds) -> tuple[int, int] | None:
    return (int(ids.min()), int(ids.max())) if len(ids) else None


def _unreadable(damage: segments.Unreadable) -> StoreError:
    return StoreError(
        f"{damage}; export again if the library was compacted meanwhile, else see"
        " sensorium verify --deep"
    )
