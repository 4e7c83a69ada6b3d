"""Facility location: choices that together stand for everything.

Greedily, each choice is the one that raises the sum over all points of the cosine with
their nearest choice by most, which reaches 1 - 1/e of what can be had (Nemhauser et al.
1978). The sum is taken over a sample of the points, and each choice is made among a few
candidates at random, as many as reach 1 - 1/e - 0.01 (Mirzasoleiman et al. 2015), so that
no matrix of all pairs is ever needed.
"""

from __future__ import annotations

import math

import numpy as np

from engine.common.progress import NO_PROGRESS, Progress
from engine.common.vectors import chunks
from engine.curate.asset_vectors import AssetPoints
from engine.curate.selection.kcenter import Traversal, coverage
from engine.index.matrix import Places

_STOOD_FOR = 8_192
"""Points that the sum is taken over."""
_LOSS = math.log(1 / 0.01)
_CANDIDATES_PER_PRODUCT = 512
"""Candidates of one matrix product."""
_LEAST = 32
"""Candidates that are looked at for each choice, at least."""


def facility(
    items: AssetPoints,
    count: int,
    pool: Places,
    rng: np.random.Generator,
    progress: Progress = NO_PROGRESS,
) -> Traversal:
    """Choose ``count`` of the rows in ``pool`` (m,), count <= m."""
    drawn = np.sort(rng.permutation(len(pool))[:_STOOD_FOR])
    stood_for = items.rows(pool[drawn])
    # A cosine of -1 would let the first choice count for more than all others.
    best = np.zeros(len(stood_for), np.float32)
    left = rng.permutation(len(pool))
    size = max(_LEAST, math.ceil(len(pool) / count * _LOSS))
    places = np.empty(count, np.int64)
    distances = np.full(count, np.nan)
    chosen = np.empty((count, items.dim), np.float32)
    for number in range(count):
        among = rng.choice(len(left), min(size, len(left)), replace=False)
        at = among[_best_gain(items, pool[left[among]], stood_for, best)]
        place = pool[left[at]]
        vector = items.rows(np.array([place]))[0]
        if number:
            distances[number] = max(0.0, 1 - float((chosen[:number] @ vector).max()))
        chosen[number], places[number] = vector, place
        np.maximum(best, stood_for @ vector, out=best)
        left[at] = left[-1]
        left = left[:-1]
        progress.advance()
    return Traversal(places, distances, coverage(items, pool, chosen))


def _best_gain(
    items: AssetPoints, candidates: Places, stood_for: np.ndarray, best: np.ndarray
) -> int:
    gains = []
    for part in chunks(candidates, _CANDIDATES_PER_PRODUCT):
        scores = items.rows(part) @ stood_for.T
        gains.append(np.maximum(scores - best, 0).sum(axis=1, dtype=np.float64))
    every = np.concatenate(gains)
    # Of equal gains the first asset, whatever order the candidates were drawn in.
    return int(np.lexsort((candidates, -every))[0])
