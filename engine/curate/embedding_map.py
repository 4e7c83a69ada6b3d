"""Draw a library as a map: its files as points, those that are alike near each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.common.blas_threads import one_thread_a_product
from engine.common.choices import no_choice
from engine.common.vectors import chunks
from engine.curate.asset_vectors import indexes, space_of
from engine.curate.finders.outcome import combined_filter
from engine.curate.neighbour_layout import neighbour_layout
from engine.encoders.towers import Towers
from engine.errors import UsageError
from engine.index.matrix import ASSET_BLOCK, AssetVectors, owners_of, pool_by_asset
from engine.index.vector_index import VectorIndex, drawn
from engine.store import Store
from engine.types import Filter, Kind, Modality
from engine.types.arrays import MomentIds

MapOf = Literal["looks", "sounds"]
"""The likeness that puts files near each other: of what they show, or of what is to be heard."""
_MODALITIES = {"looks": (Modality.IMAGE, Modality.KEYFRAME), "sounds": (Modality.SOUND,)}


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A file on a map."""

    asset_id: int
    moment_id: int
    """The moment that stands for it."""
    path: str
    kind: Kind
    x: float
    y: float
    """From -1 to 1, of which the farther out of both reaches all."""


@dataclass(frozen=True, slots=True)
class EmbeddingMap:
    """Files as points on a plane, of which only nearness means anything."""

    points: tuple[MapPoint, ...]
    total: int
    """Files that there are; more than points where those are a sample."""


def embedding_map(
    store: Store, towers: Towers, of: str, where: Sequence[str] | str = (), most: int = 3_000
) -> EmbeddingMap:
    """Lay the files of a library out on a plane, a sample where there are more than ``most``.

    The sample is drawn before vectors are read, so that a map of a large library takes no
    longer than one of a small one. It is the same at every call.

    Raises:
        UsageError: ``of`` is unknown, or ``most`` is less than 1.
        QuerySyntax: a filter cannot be read.
    """
    if of not in get_args(MapOf):
        raise UsageError(no_choice("map", of, get_args(MapOf)))
    if most < 1:
        raise UsageError(f"most= must be 1 or more, not {most}", arguments=("most",))
    condition = combined_filter(where if not isinstance(where, str) else (where,))
    with store.snapshot():
        parts = _owned(store, towers, of, condition)
        every = np.unique(np.concatenate([np.zeros(0, np.int64), *(p.assets for p in parts)]))
        chosen = every[drawn(len(every), most)]
        pooled = [part.of(chosen).pooled(store) for part in parts]
        points = _points(store, [each for each in pooled if len(each)])
    return EmbeddingMap(points, len(every))


@dataclass(frozen=True, slots=True)
class _Owned:
    """Moments of one modality with the assets that they belong to."""

    index: VectorIndex
    ids: MomentIds
    assets: MomentIds

    def of(self, assets: MomentIds) -> _Owned:
        kept = np.isin(self.assets, assets)
        return _Owned(self.index, self.ids[kept], self.assets[kept])

    def pooled(self, store: Store) -> AssetVectors | tuple[()]:
        return pool_by_asset(store, self.index, self.ids) if len(self.ids) else ()


def _owned(store: Store, towers: Towers, of: str, condition: Filter | None) -> list[_Owned]:
    found = []
    for modality in _MODALITIES[of]:
        index = indexes(store, space_of(towers, modality)).get(modality)
        if index is None:
            continue
        ids = index.ids()
        if condition is not None:
            ids = ids[np.isin(ids, store.passing(condition, modalities=(modality,)))]
        owners = [owners_of(store, part) for part in chunks(ids, 10 * ASSET_BLOCK)]
        assets = np.concatenate([np.zeros(0, np.int64), *owners])
        found.append(_Owned(index, ids[assets > 0], assets[assets > 0]))
    return found


def _points(store: Store, pooled: Sequence[AssetVectors | tuple[()]]) -> tuple[MapPoint, ...]:
    parts = [part for part in pooled if isinstance(part, AssetVectors)]
    if not parts:
        return ()
    assets = np.concatenate([part.assets for part in parts])
    moments = np.concatenate([part.moments for part in parts])
    # A file that is there in two ways, such as a film with a cover, is one point.
    _, first = np.unique(assets, return_index=True)
    vectors = np.concatenate([part.rows(slice(None)) for part in parts])[first]
    with one_thread_a_product():  # threads that wait for each other cost a busy server seconds
        places = neighbour_layout(vectors)
    known = store.assets_numbered(assets[first].tolist())
    rows = zip(assets[first].tolist(), moments[first].tolist(), _scaled(places), strict=True)
    return tuple(
        MapPoint(asset, moment, known[asset].path, known[asset].kind, float(x), float(y))
        for asset, moment, (x, y) in rows
        if asset in known
    )


def _scaled(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre places (n, 2), and scale both axes alike so that all are within -1 and 1."""
    low, high = places.min(axis=0), places.max(axis=0)
    reach = float((high - low).max()) / 2
    scaled: NDArray[np.float64] = np.round((places - (low + high) / 2) / (reach or 1.0), 4)
    return scaled
