"""The assets of one modality as points: one vector each, in the space where they look alike.

An asset that has several moments (keyframes, windows of sound) is the direction of their
mean; the moment nearest to it stands for it where something has to be shown.
``engine.index.matrix`` reads them out of the library's own indexes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.common.vectors import chunks
from engine.encoders.towers import Towers
from engine.errors import UsageError
from engine.index.matrix import ASSET_BLOCK, HalfRows, Places, RowOwners, pool_by_asset
from engine.index.space import SpaceIndex
from engine.index.vector_index import VectorIndex
from engine.store import Store
from engine.types import VISUAL, Filter, Modality
from engine.types.arrays import MomentIds, Vectors

BLOCK = ASSET_BLOCK
"""Rows that are float32 at a time."""


@dataclass(frozen=True)
class AssetPoints(HalfRows):
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
    """The index of their moments, approximate or exact; None for points of no library."""
    owners: RowOwners = field(default_factory=RowOwners.none)
    """The item that each moment of the index belongs to."""

    def of(self, places: Places) -> AssetPoints:
        """Return some of the items alone, without the index, which holds others as well."""
        return AssetPoints(
            self.modality, self.space, self.assets[places], self.moments[places],
            self.vectors[places],
        )  # fmt: skip


def space_of(towers: Towers, modality: Modality) -> str:
    """Return the name of the space in which moments of a modality resemble each other."""
    if modality in VISUAL:
        return towers.looks.name
    return (towers.sounds if modality is Modality.SOUND else towers.shared).name


def indexes(store: Store, space: str) -> dict[Modality, VectorIndex]:
    """Return the indexes of a space by modality, level with the log."""
    known = store.spaces().get(space)
    if known is None:
        return {}
    index = SpaceIndex(known)
    index.follow(store)
    return dict(index.indexes)


def present_modalities(store: Store) -> list[Modality]:
    """Return the modalities that a library has moments of."""
    counted = store.stats().moments
    return [modality for modality in Modality if counted.get(modality)]


def gather_assets(
    store: Store, towers: Towers, modality: Modality, where: Filter | None = None
) -> AssetPoints:
    """Return the assets of a modality, of those that pass a filter.

    Raises:
        UsageError: there are none.
    """
    space = space_of(towers, modality)
    with store.snapshot():
        index = indexes(store, space).get(modality)
        if index is None:
            raise UsageError(f"the library holds no {modality}; library.stats() counts what it has")
        ids = index.ids()
        if where is not None:
            ids = ids[np.isin(ids, store.passing(where, modalities=(modality,)))]
        if not len(ids):
            raise UsageError(f"no {modality} passes the filter")
        pooled = pool_by_asset(store, index, ids)
    return AssetPoints(
        modality, space, pooled.assets, pooled.moments, pooled.vectors, index, pooled.owners
    )


def shared_rows(
    store: Store, towers: Towers, items: AssetPoints, places: Places
) -> tuple[Places, Vectors]:
    """Return the vectors of some items' moments in the shared space, where texts lie.

    Returns:
        Those of ``places`` that have a vector there, and the vectors (m, dim).
    """
    index = indexes(store, towers.shared.name).get(items.modality)
    if index is None or not len(places):
        return places[:0], np.zeros((0, 0), np.float32)
    stored = index.holds(items.moments[places])
    return places[stored], index.vectors(items.moments[places[stored]])


def paths_of(store: Store, assets: Sequence[int] | NDArray[np.int64]) -> dict[int, str]:
    """Return the paths of assets by id; those that are gone are left out."""
    found: dict[int, str] = {}
    for part in chunks(np.asarray(assets, np.int64), 2 * BLOCK):
        known = store.assets_numbered(part.tolist())
        found |= {asset_id: asset.path for asset_id, asset in known.items()}
    return found
