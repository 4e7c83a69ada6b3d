"""Lay points out on a plane so that neighbours stay together, in a second or two.

It is what UMAP (McInnes et al. 2018) optimises, with the kernel of LargeVis (Tang et al. 2016):
neighbours attract each other, and random others repel. All points move at once, so that numpy
does it without a compiler, which UMAP's own package waits half a minute for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.common.vectors import l2_normalize
from engine.curate.projection_2d import pca
from engine.types.arrays import Vectors

Plane = NDArray[np.float64]
"""Points (n, 2)."""
FEWEST = 16
"""Points below which there are no neighbours to keep together."""
_NEIGHBOURS = 12
_OTHERS = 6
"""Random others that repel a point in one step."""
_STEPS = 200
_REACH = 4.0
"""Half of the width of the plane at the beginning."""
_FARTHEST = 0.8
"""The length that a point moves at most in one step, along each axis."""
_BLOCK = 1_024
"""Rows whose cosines with all others are in memory at a time."""


def neighbour_layout(vectors: Vectors, seed: int = 0) -> Plane:
    """Return points (n, 2) of vectors (n, dim), the same for the same vectors and seed."""
    begin = pca(vectors)
    if len(vectors) < FEWEST:
        return begin
    rng = np.random.default_rng(seed)
    # By rank: a few that are like nothing else would lie far out, and leave the others no room.
    ranks = begin.argsort(axis=0).argsort(axis=0) / len(begin) - 0.5
    points = 2 * _REACH * ranks + rng.normal(0, 1e-2, begin.shape)
    left, right, weights = _edges(l2_normalize(vectors))
    both, twice = np.concatenate([left, right]), np.concatenate([weights, weights])
    own = np.bincount(both, twice, len(points)).astype(np.float64)
    for step in range(_STEPS):
        moved = _pull(points, left, right, weights) + _push(points, own, rng)
        rate = 0.25 * (1 - step / _STEPS)
        points += np.clip(rate * moved, -_FARTHEST, _FARTHEST)
    return points


def _edges(rows: Vectors) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the pairs of neighbours, each once, with weights in (0, 1]."""
    count = min(_NEIGHBOURS, len(rows) - 1)
    near, far = [], []
    for first in range(0, len(rows), _BLOCK):
        cosines = rows[first : first + _BLOCK] @ rows.T
        cosines[np.arange(len(cosines)), first + np.arange(len(cosines))] = -2.0
        found = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        near.append(found)
        far.append(1 - np.take_along_axis(cosines, found, axis=1))
    places, distances = np.concatenate(near), np.concatenate(far).astype(np.float64)
    # The nearest counts fully, whatever its distance: dense and sparse regions look alike.
    beyond = distances - distances.min(axis=1, keepdims=True)
    scale = np.maximum(beyond.mean(axis=1, keepdims=True), 1e-6)
    weights = np.exp(-beyond / scale)
    own = np.repeat(np.arange(len(rows)), count)
    pairs = np.sort(np.stack([own, places.ravel()], axis=1), axis=1)
    unique, inverse = np.unique(pairs, axis=0, return_inverse=True)
    # Two that name each other count as the union of both, as in UMAP.
    without = np.bincount(inverse.ravel(), np.log1p(-np.minimum(weights.ravel(), 1 - 1e-9)))
    return unique[:, 0], unique[:, 1], 1 - np.exp(without)


def _pull(
    points: Plane, left: NDArray[np.int64], right: NDArray[np.int64], weights: NDArray[np.float64]
) -> Plane:
    apart = points[right] - points[left]
    strength = weights / (1 + (apart**2).sum(axis=1))
    return _summed(left, strength[:, None] * apart, len(points)) - _summed(
        right, strength[:, None] * apart, len(points)
    )


def _push(points: Plane, own: NDArray[np.float64], rng: np.random.Generator) -> Plane:
    others = rng.integers(0, len(points), (len(points), _OTHERS))
    apart = points[:, None, :] - points[others]
    squared = (apart**2).sum(axis=2)
    strength = own[:, None] / _OTHERS / ((0.1 + squared) * (1 + squared))
    moved: Plane = (strength[:, :, None] * apart).sum(axis=1)
    return 2.0 * moved


def _summed(places: NDArray[np.int64], values: Plane, count: int) -> Plane:
    return np.stack([np.bincount(places, values[:, axis], count) for axis in (0, 1)], axis=1)
