"""Outliers by the distance to their nearest neighbours, or by the local outlier factor.

What counts as far is told by the middle of all distances and their median deviation from
it (Iglewicz and Hoaglin 1993), which a few outliers do not move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.common.progress import NO_PROGRESS, Progress
from engine.curate.asset_vectors import AssetPoints, paths_of
from engine.curate.neighbours import Neighbours, neighbours
from engine.curate.records import Finding
from engine.errors import UsageError
from engine.index.matrix import Places
from engine.store import Store

Measure = Literal["distance", "lof"]
NEIGHBOURS, DEVIATIONS = 10, 3.5
"""Neighbours that count, and deviations that make an outlier, by default."""
_LEAST = 5
"""Assets that there must be of a modality, for any of them to stand out."""
_MAD, _MEAN_DEVIATION = 1.4826, 1.2533
"""Factors from median and mean absolute deviations to standard deviations of a normal."""


@dataclass(frozen=True, slots=True)
class Outliers:
    """Items that stand out, the farthest first."""

    places: Places
    values: NDArray[np.float64]
    """(n,): the measure of every item."""
    usual: float
    """The median of that."""
    deviations: NDArray[np.float64]
    """(n,): robust deviations of each above the median."""
    near: Neighbours


def outliers(
    items: AssetPoints,
    k: int = NEIGHBOURS,
    *,
    measure: Measure = "distance",
    threshold: float = DEVIATIONS,
    top: int | None = None,
    threads: int = 1,
    progress: Progress = NO_PROGRESS,
) -> Outliers:
    """Find items that lie more than ``threshold`` robust deviations above the median.

    Args:
        k: neighbours that count; fewer where there are not so many others.
        measure: ``distance``, the mean cosine distance to the neighbours, or ``lof``, the
            local outlier factor (Breunig et al. 2000), which also finds what lies at the
            edge of a dense group.
        top: at most so many.

    Raises:
        UsageError: there are fewer than five items.
    """
    if len(items) < _LEAST:
        raise UsageError(
            f"{len(items)} of {items.modality}: nothing can stand out of fewer than {_LEAST}"
        )
    near = neighbours(items, min(k, len(items) - 1), threads, progress=progress)
    values = near.distances.mean(axis=1) if measure == "distance" else local_factors(near)
    usual, deviations = robust(values)
    order = np.lexsort((np.arange(len(values)), -deviations))
    places = order[deviations[order] > threshold]
    return Outliers(places[:top], values, usual, deviations, near)


def robust(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the median of values (n,), and the robust deviations of each above it, (n,).

    Where more than half are the same, the mean absolute deviation takes the place of the
    median one.
    """
    middle = float(np.median(values))
    off = np.abs(values - middle)
    scale = _MAD * float(np.median(off)) or _MEAN_DEVIATION * float(off.mean())
    # Rounding of float16 makes copies differ by less than this.
    return middle, (values - middle) / max(scale, 1e-4)


def local_factors(near: Neighbours) -> NDArray[np.float64]:
    """Return the local outlier factor (n,) of every item: 1 where it is as dense as around."""
    reach = near.distances[:, -1]
    distances = np.maximum(near.distances, reach[near.places])
    # Copies of each other are infinitely dense; this is what float16 can tell apart.
    density = 1 / np.maximum(distances.mean(axis=1), 1e-4)
    factors: NDArray[np.float64] = density[near.places].mean(axis=1) / density
    return factors


def findings(store: Store, items: AssetPoints, found: Outliers, measure: Measure) -> list[Finding]:
    """Return a finding for each outlier, with its nearest neighbour."""
    nearest = found.near.places[found.places, 0]
    paths = paths_of(store, items.assets[np.concatenate([found.places, nearest])])
    listed = []
    for place, other in zip(found.places.tolist(), nearest.tolist(), strict=True):
        asset = int(items.assets[place])
        if asset not in paths:
            continue
        beside = paths.get(int(items.assets[other]), "a file that is gone")
        why = _why(found, place, measure, items.modality, beside)
        deviations = float(found.deviations[place])
        moment = int(items.moments[place])
        listed.append(Finding(asset, moment, paths[asset], "outlier", None, deviations, why))
    return listed


def _why(found: Outliers, place: int, measure: Measure, modality: str, beside: str) -> str:
    value, k = found.values[place], found.near.places.shape[1]
    above = f"{found.deviations[place]:.1f} deviations above the usual {found.usual:.3f}"
    away = found.near.distances[place, 0]
    nearest = f"the nearest, {beside}, is {away:.3f} away"
    if measure == "lof":
        return (
            f"{modality}: {value:.2f} times sparser than around its {k} nearest, {above}; {nearest}"
        )
    return f"{modality}: its {k} nearest are {value:.3f} away, {above}; {nearest}"
