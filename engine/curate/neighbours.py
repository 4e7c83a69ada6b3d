"""The nearest others of every item: all pairs in blocks, or by the library's own indexes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.common.progress import NO_PROGRESS, Progress
from engine.curate.asset_vectors import BLOCK, AssetPoints
from engine.index.matrix import Places
from engine.index.vector_index import VectorIndex
from engine.types.arrays import Vectors

_ALL_PAIRS = 30_000
"""Items up to which every pair is looked at: some ten seconds on two cores."""
_SCORES_PER_BLOCK = 16 * 2**20
"""Scores that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The k nearest others of n items, nearest first."""

    places: Places
    """(n, k)."""
    distances: NDArray[np.float64]
    """(n, k): cosine distances, in [0, 2]."""


def neighbours(
    items: AssetPoints,
    k: int,
    threads: int = 1,
    all_pairs: int = _ALL_PAIRS,
    progress: Progress = NO_PROGRESS,
) -> Neighbours:
    """Find the ``k`` nearest of every item, itself left out; k < n.

    Args:
        all_pairs: how many items are compared with each other; more are looked up in
            their index, where they have one, which finds what it was tuned to find.
    """
    progress.start(f"comparing {items.modality}", len(items))
    if len(items) <= all_pairs or items.index is None:
        return _of_all_pairs(items, k, progress)
    return _of_index(items, items.index, k, threads, progress)


def _of_all_pairs(items: AssetPoints, k: int, progress: Progress) -> Neighbours:
    n = len(items)
    places, distances = np.empty((n, k), np.int64), np.empty((n, k))
    step = max(1, min(BLOCK, _SCORES_PER_BLOCK // n))
    whole = items.rows(slice(None)) if n <= _ALL_PAIRS else None
    for first in range(0, n, step):
        rows = items.rows(slice(first, first + step))
        scores = rows @ whole.T if whole is not None else _scores(rows, items)
        scores[np.arange(len(rows)), first + np.arange(len(rows))] = -np.inf
        at = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        found = np.take_along_axis(scores, at, 1)
        order = np.lexsort((at, -found), axis=1)
        places[first : first + step] = np.take_along_axis(at, order, 1)
        distances[first : first + step] = 1 - np.take_along_axis(found, order, 1)
        progress.advance(len(rows))
    return Neighbours(places, np.maximum(distances, 0))


def _scores(rows: Vectors, items: AssetPoints) -> Vectors:
    return np.concatenate([rows @ block.T for _, block in items.blocks()], axis=1)


def _of_index(
    items: AssetPoints, index: VectorIndex, k: int, threads: int, progress: Progress
) -> Neighbours:
    """Search the index for each item, in several threads at a time."""
    n = len(items)
    places, distances = np.empty((n, k), np.int64), np.empty((n, k))

    def look(first: int) -> int:
        for place in range(first, min(first + BLOCK, n)):
            places[place], distances[place] = _nearest(items, index, place, k)
        return min(BLOCK, n - first)

    with ThreadPoolExecutor(threads, "sensorium-neighbours") as pool:
        for count in pool.map(look, range(0, n, BLOCK)):
            progress.advance(count)
    return Neighbours(places, np.maximum(distances, 0))


def _nearest(
    items: AssetPoints, index: VectorIndex, place: int, k: int
) -> tuple[Places, NDArray[np.float64]]:
    """Find the nearest other items by their nearest moments.

    The search goes on until there are enough: an asset may have many moments, and filters
    leave some out.
    """
    query, count = items.rows(slice(place, place + 1))[0], 4 * (k + 1)
    while True:
        ids, _ = index.search(query, count)
        others = items.owners.of_moments(ids)
        others = others[(others >= 0) & (others != place)]
        found = np.array(list(dict.fromkeys(others.tolist())), np.int64)
        if len(found) >= k or count >= len(index):
            break
        count *= 4
    scores = items.rows(found) @ query
    order = np.lexsort((found, -scores))[:k]
    return found[order], 1 - scores[order].astype(np.float64)
