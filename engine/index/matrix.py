"""Read the living vectors of a space in blocks: by moment, or pooled by asset.

Whatever reads vectors without searching them reads them here or in ``vector_stream``, in
bounded memory:

- ``gather_moments``: a row a moment, copied out of the log once, into a file that is mapped;
- ``pool_by_asset``: a row an asset, the direction of the mean of its moments;
- ``vector_stream.AssetStream``: whole assets, some thousand moments at a time, for several
  threads;
- ``vector_stream.StoredVectors``: rows as the log keeps them, float16 or float32.

The first and the last read the log, which needs no index and gives the stored bytes; the
others read the indexes that searches read. A matrix can be read at any row, and costs the
copy; a stream goes through once.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.common.id_sets import look_up
from engine.common.vectors import chunks, l2_normalize
from engine.index.vector_index import VectorIndex
from engine.store import Store
from engine.store.curation_records import CURATION_FOLDER
from engine.store.error_translation import translated
from engine.types import Kind, Modality
from engine.types.arrays import MomentIds, Vectors

MOMENT_BLOCK = 16_384
"""Rows of moments that are float32 at a time."""
ASSET_BLOCK = 8_192
"""Rows of assets that are float32 at a time."""
_IN_MEMORY = 512 * 2**20
"""Bytes of float16 past which pooled vectors lie in a file."""
_TINY = 1e-9
"""Length below which a mean has no direction."""

Places: TypeAlias = NDArray[np.int64]
"""Row numbers, (m,), int64."""


class HalfRows:
    """Float16 rows, in memory or mapped, that are read as float32."""

    vectors: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def dim(self) -> int:
        """The number of dimensions."""
        return int(self.vectors.shape[1])

    def rows(self, places: Places | slice) -> Vectors:
        """Return the vectors (m, dim) at some places, float32."""
        return self.vectors[places].astype(np.float32)

    def blocks(self, size: int = ASSET_BLOCK) -> Iterator[tuple[int, Vectors]]:
        """Yield all vectors in blocks, each with the place of its first row."""
        for first in range(0, len(self), size):
            yield first, self.rows(slice(first, first + size))


# --- a row a moment, from the log ---------------------------------------------------


@dataclass(frozen=True, eq=False)
class MomentVectors(HalfRows):
    """The vectors of moments, each with its asset. A file behind them has no name, and ends
    with the process."""

    ids: MomentIds
    """(n,), in the order of the rows."""
    assets: MomentIds
    """(n,), the asset of each."""
    vectors: NDArray[np.float16]
    """(n, dim), L2-normalised, perhaps mapped."""

    def blocks(self, size: int = MOMENT_BLOCK) -> Iterator[tuple[int, Vectors]]:
        """Yield all vectors in blocks, each with the place of its first row."""
        return super().blocks(size)


def gather_moments(
    store: Store,
    space: str,
    modalities: Sequence[Modality],
    kinds: Sequence[Kind] = (),
    under: Sequence[str | os.PathLike[str]] | None = None,
    without: frozenset[int] = frozenset(),
) -> MomentVectors:
    """Copy the living vectors of a space out of the log, in bounded memory.

    Args:
        under: files and folders that the assets must be, or lie below.
        without: assets that are left out.

    Raises:
        LibraryReadOnly: the library's disk has no room for them.
    """
    moments = store.moment_ids(kinds, modalities)
    chosen, left_out = assets_under(store, under), _sorted(without)
    ids, assets = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    with translated(store.path):
        file = _unnamed_file(store.path / CURATION_FOLDER)
    for info in store.segments(space):
        found, vectors = store.read_segment(info)
        owners = owners_of(store, found)
        kept = (owners > 0) & np.isin(found, moments) & ~np.isin(owners, left_out)
        if chosen is not None:
            kept &= np.isin(owners, chosen)
        ids.append(found[kept])
        assets.append(owners[kept])
        with translated(store.path):
            _append(file, vectors[kept])
    known = store.spaces().get(space)
    mapped = _mapped(file, sum(map(len, ids)), known.dim if known else 1)
    return MomentVectors(np.concatenate(ids), np.concatenate(assets), mapped)


def owners_of(store: Store, ids: MomentIds) -> MomentIds:
    """Return the asset (n,) of each moment (n,), in any order; 0 for moments that are gone."""
    if not len(ids):
        return np.zeros(0, np.int64)
    return look_up(ids, *store.assets_of(int(ids.min()), int(ids.max())), missing=0)


def assets_under(store: Store, paths: Sequence[str | os.PathLike[str]] | None) -> MomentIds | None:
    """Return the ids of the assets at and below paths, ascending; None for all."""
    return None if paths is None else _sorted(asset.asset_id for asset in store.assets(paths))


def _sorted(ids: Iterable[int]) -> MomentIds:
    return np.array(sorted(ids), np.int64)


def _unnamed_file(folder: Path) -> int:
    """Open a file that is gone when it is closed, whatever ends the process."""
    folder.mkdir(exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".rows-")
    Path(name).unlink()
    return descriptor


def _append(file: int, vectors: Vectors) -> None:
    rest = memoryview(np.ascontiguousarray(vectors, np.float16).tobytes())
    while len(rest):
        rest = rest[os.write(file, rest) :]


def _mapped(file: int, count: int, dim: int) -> NDArray[np.float16]:
    with os.fdopen(file, "rb") as stream:
        if not count:
            return np.zeros((0, dim), np.float16)
        mapped = np.memmap(stream, np.float16, "r", shape=(count, dim))
        return mapped.view(np.ndarray)


# --- a row an asset, pooled ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowOwners:
    """The row of a matrix that each moment belongs to."""

    moments: MomentIds
    """(m,), ascending."""
    places: Places
    """(m,): rows of the matrix."""

    @classmethod
    def none(cls) -> RowOwners:
        """Return the owners of no moments."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))

    def of_moments(self, ids: MomentIds) -> Places:
        """Return the rows (n,) that moments (n,) belong to; -1 for those of none."""
        return look_up(ids, self.moments, self.places, missing=-1)


@dataclass(frozen=True, eq=False)
class AssetVectors(HalfRows):
    """One vector an asset, in the order of the assets' ids."""

    assets: NDArray[np.int64]
    """(n,), ascending."""
    moments: MomentIds
    """(n,): the moment of each that is nearest to its vector."""
    vectors: NDArray[np.float16]
    """(n, dim), L2-normalised; perhaps mapped."""
    owners: RowOwners = field(default_factory=RowOwners.none)
    """The row that each moment went into."""


def pool_by_asset(store: Store, index: VectorIndex, ids: MomentIds) -> AssetVectors:
    """Pool moments to one vector an asset: the direction of their mean.

    Vectors are kept as float16, and past a limit in a file, so that memory grows by 16
    bytes an asset and no more.

    Args:
        index: holds the moments.
        ids: of the moments, all alive, (n,), ascending.
    """
    assets = _owners_in_parts(store, ids)
    order = np.lexsort((ids, assets))
    ids, assets = ids[order], assets[order]
    distinct, starts = np.unique(assets, return_index=True)
    vectors, nearest = _mean_directions(index, ids, starts)
    owner = np.repeat(np.arange(len(distinct)), np.diff(np.append(starts, len(ids))))
    by_moment = np.argsort(ids, kind="stable")
    owners = RowOwners(ids[by_moment], owner[by_moment])
    return AssetVectors(distinct, ids[nearest], vectors, owners)


def _owners_in_parts(store: Store, ids: MomentIds) -> NDArray[np.int64]:
    """Return the assets (n,) of moments (n,), ascending, without a list of all moments."""
    parts = (owners_of(store, part) for part in chunks(ids, 10 * ASSET_BLOCK))
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _mean_directions(
    index: VectorIndex, ids: MomentIds, starts: Places
) -> tuple[NDArray[np.float16], Places]:
    """Return the direction of the mean of each group, and its nearest row.

    Args:
        starts: (n,), the first row of each group.

    Returns:
        directions (n, dim), and places of rows (n,).
    """
    ends = np.append(starts[1:], len(ids))
    dim = index.vectors(ids[:1]).shape[1]
    vectors, nearest = half_rows(len(starts), dim), np.empty(len(starts), np.int64)
    first = 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(ends, starts[first] + ASSET_BLOCK, "right")))
        base = starts[first]
        rows = _in_any_order(index, ids[base : ends[last - 1]])
        inner = starts[first:last] - base
        means = l2_normalize(np.add.reduceat(rows, inner, axis=0), _TINY)
        sizes = ends[first:last] - starts[first:last]
        cosines = np.einsum("ij,ij->i", rows, np.repeat(means, sizes, axis=0))
        vectors[first:last] = means
        nearest[first:last] = base + _greatest(cosines, inner, sizes)
        first = last
    return vectors, nearest


def _in_any_order(index: VectorIndex, ids: MomentIds) -> Vectors:
    """Read vectors in the order of ``ids``, which need not rise: moments of one asset do."""
    order = np.argsort(ids, kind="stable")
    found = index.vectors(ids[order])
    rows = np.empty_like(found)
    rows[order] = found
    return rows


def _greatest(values: Vectors, starts: Places, sizes: Places) -> Places:
    """Return the place of the greatest value, the first of several, of each group."""
    group = np.repeat(np.arange(len(starts)), sizes)
    order = np.lexsort((np.arange(len(values)), -values, group))
    return order[starts]


def half_rows(count: int, dim: int) -> NDArray[np.float16]:
    """Return an array (count, dim) of float16, in an unnamed file where it is large."""
    if 2 * count * dim <= _IN_MEMORY:
        return np.empty((count, dim), np.float16)
    with tempfile.TemporaryFile(dir=Path(tempfile.gettempdir())) as file:
        # A full disk is an error here; later, at a page of a file with holes, it is a signal.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, 2 * count * dim)
        return np.memmap(file, np.float16, "w+", shape=(count, dim)).view(np.ndarray)
