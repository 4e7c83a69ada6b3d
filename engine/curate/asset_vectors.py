"""The assets of one modality as points: one vector each, in the space of their likeness.

An asset that has several moments (keyframes, windows of sound) is the direction of their
mean; the moment nearest to it stands for it where something has to be shown. Vectors come
out of the library's own indexes in blocks, are kept as float16, and past a limit in a
file, so that memory grows by 16 bytes an asset and no more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.encoders.towers import Towers
from engine.errors import UsageError
from engine.index.space import SpaceIndex
from engine.index.vector_index import VectorIndex
from engine.store import Store
from engine.types import Filter, Modality
from engine.types.arrays import MomentIds, Vectors

BLOCK = 8_192
"""Rows that are float32 at a time."""
_IN_MEMORY = 512 * 2**20
"""Bytes of float16 past which the vectors lie in a file."""
_SEEN = (Modality.IMAGE, Modality.KEYFRAME)
_SOUND = (Modality.SOUND,)

Places = NDArray[np.int64]
"""Rows of some items, (m,), int64."""


@dataclass(frozen=True)
class Items:
    """Points of one modality, in the order of their assets' ids."""

    modality: Modality
    space: str
    assets: NDArray[np.int64]
    """(n,), ascending."""
    moments: MomentIds
    """(n,): the moment that stands for each."""
    vectors: NDArray[np.float16]
    """(n, dim), L2-normalised; perhaps mapped."""
    index: VectorIndex | None = None
    """What holds their moments, approximate or exact; None for points of no library."""
    owners: Owners = field(default_factory=lambda: Owners.none())
    """Which item each moment of the index is of."""

    def __len__(self) -> int:
        return len(self.assets)

    @property
    def dim(self) -> int:
        return int(self.vectors.shape[1])

    def rows(self, places: Places | slice) -> Vectors:
        """The vectors (m, dim) of some rows, float32."""
        return self.vectors[places].astype(np.float32)

    def blocks(self) -> Iterator[tuple[int, Vectors]]:
        """All vectors, some at a time, each with the place of its first."""
        for first in range(0, len(self), BLOCK):
            yield first, self.rows(slice(first, first + BLOCK))

    def of(self, places: Places) -> Items:
        """Some of the items alone; without the index, which holds others as well."""
        return Items(
            self.modality, self.space, self.assets[places], self.moments[places],
            self.vectors[places],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owners:
    """Which item a moment is of."""

    moments: MomentIds
    """(m,), ascending."""
    items: NDArray[np.int64]
    """(m,): places of items."""

    @classmethod
    def none(cls) -> Owners:
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))

    def of(self, ids: MomentIds) -> NDArray[np.int64]:
        """The items of moments (n,); -1 for those of none."""
        if not len(self.moments):
            return np.full(len(ids), -1, np.int64)
        at = np.searchsorted(self.moments, ids).clip(max=len(self.moments) - 1)
        return np.where(self.moments[at] == ids, self.items[at], -1)


def space_of(towers: Towers, modality: Modality) -> str:
    """The name of the space in which moments of a modality resemble each other."""
    if modality in _SEEN:
        return towers.looks.name
    return (towers.sounds if modality in _SOUND else towers.shared).name


def indexes(store: Store, space: str) -> dict[Modality, VectorIndex]:
    """The indexes of a space by modality, level with the log."""
    known = store.spaces().get(space)
    if known is None:
        return {}
    index = SpaceIndex(known)
    index.follow(store)
    return dict(index.indexes)


def present(store: Store) -> list[Modality]:
    """The modalities that a library has moments of."""
    counted = store.stats().moments
    return [modality for modality in Modality if counted.get(modality)]


def gather(store: Store, towers: Towers, modality: Modality, where: Filter | None = None) -> Items:
    """The assets of a modality, of those that pass a filter.

    Raises:
        UsageError: there are none.
    """
    space = space_of(towers, modality)
    with store.snapshot():
        index = indexes(store, space).get(modality)
        if index is None:
            raise UsageError(f"the library holds no {modality}; sensorium stats counts what it has")
        ids = index.ids()
        if where is not None:
            ids = ids[np.isin(ids, store.passing(where, modalities=(modality,)))]
        if not len(ids):
            raise UsageError(f"no {modality} passes the filter")
        return _gathered(modality, space, index, ids, _assets_of(store, ids))


def shared_rows(
    store: Store, towers: Towers, items: Items, places: Places
) -> tuple[Places, Vectors]:
    """The vectors of some items' moments in the shared space, where texts lie: those of
    ``places`` that have one, and their vectors (m, dim)."""
    index = indexes(store, towers.shared.name).get(items.modality)
    if index is None or not len(places):
        return places[:0], np.zeros((0, 0), np.float32)
    held = index.holds(items.moments[places])
    return places[held], index.vectors(items.moments[places[held]])


def _assets_of(store: Store, ids: MomentIds) -> NDArray[np.int64]:
    """The assets (n,) of moments (n,), ascending."""
    found = [np.zeros(0, np.int64)]
    for first in range(0, len(ids), 10 * BLOCK):
        part = ids[first : first + 10 * BLOCK]
        moments, assets = store.assets_of(int(part[0]), int(part[-1]))
        found.append(assets[np.searchsorted(moments, part)])
    return np.concatenate(found)


def _gathered(
    modality: Modality, space: str, index: VectorIndex, ids: MomentIds, assets: NDArray[np.int64]
) -> Items:
    order = np.lexsort((ids, assets))
    ids, assets = ids[order], assets[order]
    distinct, starts = np.unique(assets, return_index=True)
    vectors, stand = _means(index, ids, starts)
    owner = np.repeat(np.arange(len(distinct)), np.diff(np.append(starts, len(ids))))
    by_moment = np.argsort(ids, kind="stable")
    owners = Owners(ids[by_moment], owner[by_moment])
    return Items(modality, space, distinct, ids[stand], vectors, index, owners)


def _means(
    index: VectorIndex, ids: MomentIds, starts: Places
) -> tuple[NDArray[np.float16], Places]:
    """The direction (n, dim) of each group of rows, which begin at ``starts`` (n,), and the
    row (n,) that is nearest to it."""
    ends = np.append(starts[1:], len(ids))
    dim = index.vectors(ids[:1]).shape[1]
    vectors, stand = room(len(starts), dim), np.empty(len(starts), np.int64)
    first = 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(ends, starts[first] + BLOCK, "right")))
        base = starts[first]
        rows = _reading(index, ids[base : ends[last - 1]])
        inner = starts[first:last] - base
        means = unit(np.add.reduceat(rows, inner, axis=0))
        sizes = ends[first:last] - starts[first:last]
        near = np.einsum("ij,ij->i", rows, np.repeat(means, sizes, axis=0))
        vectors[first:last] = means
        stand[first:last] = base + _greatest(near, inner, sizes)
        first = last
    return vectors, stand


def _reading(index: VectorIndex, ids: MomentIds) -> Vectors:
    """Vectors in the order of ``ids``, which need not rise: moments of one asset do."""
    order = np.argsort(ids, kind="stable")
    found = index.vectors(ids[order])
    rows = np.empty_like(found)
    rows[order] = found
    return rows


def _greatest(values: Vectors, starts: Places, sizes: Places) -> Places:
    """The place of the greatest value, the first of several, of each group."""
    group = np.repeat(np.arange(len(starts)), sizes)
    order = np.lexsort((np.arange(len(values)), -values, group))
    return order[starts]


def room(count: int, dim: int) -> NDArray[np.float16]:
    """An array (count, dim) of float16, in a file that nobody else sees where it is large."""
    if 2 * count * dim <= _IN_MEMORY:
        return np.empty((count, dim), np.float16)
    with tempfile.TemporaryFile(dir=Path(tempfile.gettempdir())) as file:
        return np.memmap(file, np.float16, "w+", shape=(count, dim)).view(np.ndarray)


def unit(rows: Vectors) -> Vectors:
    """Rows of length one; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Vectors = (rows / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def paths_of(store: Store, assets: Sequence[int] | NDArray[np.int64]) -> dict[int, str]:
    """Where assets are, by id; those that are gone are left out."""
    found: dict[int, str] = {}
    for first in range(0, len(assets), 2 * BLOCK):
        part = [int(i) for i in assets[first : first + 2 * BLOCK]]
        found |= {i: asset.path for i, asset in store.assets_numbered(part).items()}
    return found
