"""The assets of one modality as points: one vector each, in the space of their likeness.

An asset that has several moments (keyframes, windows of sound) is the direction of their
mean; the moment nearest to it stands for it where something has to be shown.
``engine.index.matrix`` reads them out of the library's own indexes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.encoders.towers import Towers
from engine.errors import UsageError
from engine.index.matrix import ASSET_BLOCK, HalfRows, Places, RowOwners, pool_by_asset
from engine.index.space import SpaceIndex
from engine.index.vector_index import VectorIndex
from engine.store import Store
from engine.types import Filter, Modality
from engine.types.arrays import MomentIds, Vectors

BLOCK = ASSET_BLOCK
"""Rows that are float32 at a time."""
_SEEN = (Modality.IMAGE, Modality.KEYFRAME)
_SOUND = (Modality.SOUND,)


@dataclass(frozen=True)
class Items(HalfRows):
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
    owners: RowOwners = field(default_factory=RowOwners.none)
    """Which item each moment of the index is of."""

    def of(self, places: Places) -> Items:
        """Some of the items alone; without the index, which holds others as well."""
        return Items(
            self.modality, self.space, self.assets[places], self.moments[places],
            self.vectors[places],
        )  # fmt: skip


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
        pooled = pool_by_asset(store, index, ids)
    return Items(
        modality, space, pooled.assets, pooled.moments, pooled.vectors, index, pooled.owners
    )


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
