"""The living vectors of a space, copied out of the log once and read in blocks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.curate.records import FOLDER
from engine.store import Store
from engine.store.error_translation import translated
from engine.types import Kind, Modality
from engine.types.arrays import MomentIds, Vectors

BLOCK = 16_384
"""Rows that are in memory at a time."""


@dataclass(frozen=True, eq=False)
class MomentVectors:
    """Vectors on disk, each the moment of an asset. What lies behind them has no name, and
    goes with the process."""

    ids: MomentIds
    """(n,), in the order of the rows."""
    assets: MomentIds
    """(n,), the asset of each."""
    vectors: NDArray[np.float16]
    """(n, dim), L2-normalised, mapped."""

    def __len__(self) -> int:
        return len(self.ids)

    def blocks(self, size: int = BLOCK) -> Iterator[tuple[int, Vectors]]:
        """The place of the first row of each block, and its vectors."""
        for at in range(0, len(self), size):
            yield at, self.vectors[at : at + size].astype(np.float32)

    def some(self, places: NDArray[np.int64]) -> Vectors:
        """The vectors at some places."""
        return self.vectors[places].astype(np.float32)


def of_arrays(
    ids: MomentIds, assets: MomentIds, vectors: Vectors | NDArray[np.float16]
) -> MomentVectors:
    """Rows that are in memory already, or mapped."""
    return MomentVectors(ids, assets, vectors.astype(np.float16, copy=False))


def gather(
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
    wanted = _Wanted(
        store.moment_ids(kinds, modalities),
        None if under is None else _sorted(one.asset_id for one in store.assets(under)),
        _sorted(without),
    )
    ids, assets = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    with translated(store.path):
        file = _unnamed(store.path / FOLDER)
    for info in store.segments(space):
        found, vectors = store.read_segment(info)
        owners = wanted.owners(store, found)
        kept = owners > 0
        ids.append(found[kept])
        assets.append(owners[kept])
        with translated(store.path):
            _append(file, vectors[kept])
    known = store.spaces().get(space)
    mapped = _mapped(file, sum(map(len, ids)), known.dim if known else 1)
    return MomentVectors(np.concatenate(ids), np.concatenate(assets), mapped)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which moments are, each sorted."""

    moments: MomentIds
    assets: MomentIds | None
    """None means all."""
    without: MomentIds

    def owners(self, store: Store, found: MomentIds) -> MomentIds:
        """The asset of each moment (n,); 0 for those that are not wanted."""
        if not len(found):
            return found
        known, of_known = store.assets_of(int(found.min()), int(found.max()))
        alive = np.isin(found, known) & np.isin(found, self.moments)
        owners = np.zeros(len(found), np.int64)
        owners[alive] = of_known[np.searchsorted(known, found[alive])]
        if self.assets is not None:
            owners[~np.isin(owners, self.assets)] = 0
        owners[np.isin(owners, self.without)] = 0
        return owners


def _sorted(ids: Iterable[int]) -> MomentIds:
    return np.array(sorted(ids), np.int64)


def _unnamed(folder: Path) -> int:
    """A file that is gone when it is closed, whatever ends the process."""
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
