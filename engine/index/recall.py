"""Measure the recall of an index, and tune it to the cheapest parameters that suffice.

Recall is measured on stored vectors and, where a space has a text tower, on real
phrases: an index that is tuned on stored vectors alone can lose most of what a text
asks for, because texts lie far from pictures (big-ann 2021: 0.07 where it had 0.7).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.progress import NO_PROGRESS, Progress
from engine.index.snapshot import Places, Tuning
from engine.index.vector_index import drawn
from engine.types.arrays import Vectors

AT = 10
"""Recall is of the ten nearest."""
_STORED = 200
"""Stored vectors that are asked."""
_CHUNK = 65_536
_CANDIDATES = (50, 100, 200, 400, 800)
_NOT_FOUND = 2**62
_MARGIN = 0.015
"""Recall above the target that tuning asks for. The queries are a sample: of 230 with ten
neighbours each, the mean is off by 0.008 as a rule."""


@dataclass(frozen=True, slots=True)
class RecallSample:
    """Queries of one kind, with their true neighbours."""

    queries: Vectors
    """(q, dim)."""
    truth: Places
    """(q, 10), the places of the nearest vectors; less where there are not as many."""
    own: Places
    """(q,), the place of the query itself among the vectors, -1 where it is not one."""


def recall_samples(
    vectors: NDArray[np.float16],
    texts: Vectors | None,
    threads: Any,
    progress: Progress = NO_PROGRESS,
) -> dict[str, RecallSample]:
    """Return stored vectors as queries, each without itself, and texts where there are any.

    Args:
        vectors: (n, dim), mapped; it is read once, in chunks.
        texts: (q, dim).
        threads: FAISS, set to as many threads as the pass may use.
    """
    own = drawn(len(vectors), _STORED)
    asked = {"stored": (vectors[own].astype(np.float32), own)}
    if texts is not None and len(texts):
        asked["text"] = (texts, np.full(len(texts), -1))
    queries = np.concatenate([rows for rows, _ in asked.values()])
    truth = iter(_nearest(queries, vectors, AT + 1, threads, progress))
    return {
        name: RecallSample(
            rows, np.stack([_others(next(truth), place) for place in places]), places
        )
        for name, (rows, places) in asked.items()
    }


def _others(places: Places, own: int) -> Places:
    """Return the ten nearest that are not the query itself."""
    others: Places = places[places != own][:AT]
    return others


def _nearest(
    queries: Vectors, vectors: NDArray[np.float16], top: int, faiss: Any, progress: Progress
) -> Places:
    """Return the places (q, top) of the nearest vectors, found by scoring all."""
    scores = np.empty((len(queries), 0), np.float32)
    places = np.empty((len(queries), 0), np.int64)
    for first in range(0, len(vectors), _CHUNK):
        rows = vectors[first : first + _CHUNK].astype(np.float32)
        some = min(top, len(rows))
        new, at = faiss.knn(queries, rows, some, metric=faiss.METRIC_INNER_PRODUCT)
        scores, places = np.hstack([scores, new]), np.hstack([places, at + first])
        order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
        scores = np.take_along_axis(scores, order, 1)
        places = np.take_along_axis(places, order, 1)
        progress.advance(0)
    return places


def tune(
    index: Any,
    faiss: Any,
    asked: Mapping[str, RecallSample],
    target: float,
    lists: int,
    progress: Progress = NO_PROGRESS,
) -> tuple[Tuning, bool]:
    """Return the cheapest parameters that reach ``target``, or the best, and whether they do.

    They must reach it on every kind of query. What is scored exactly needs no scoring to be
    counted: of ``c`` candidates all true neighbours among them come out on top.
    """
    tried = list(_tried(index, faiss, asked, lists, progress))
    good = [tuning for tuning in tried if min(tuning.recall.values()) >= target + _MARGIN]
    if good:
        return min(good, key=lambda tuning: _cost(tuning, index.ntotal / lists)), True
    highest = max(tried, key=lambda tuning: min(tuning.recall.values()))
    return highest, min(highest.recall.values()) >= target


def _tried(
    index: Any, faiss: Any, asked: Mapping[str, RecallSample], lists: int, progress: Progress
) -> Iterator[Tuning]:
    visited = 1
    while True:
        progress.advance(0)
        parameters = faiss.SearchParametersIVF(nprobe=visited)
        ranks = {
            name: _ranks(_found(index, sample, parameters), sample)
            for name, sample in asked.items()
        }
        for candidates in _CANDIDATES:
            recall = {name: _recall(ranks[name], candidates) for name in asked}
            yield Tuning(visited, candidates, recall)
        if visited == lists:
            return
        visited = min(2 * visited, lists)


def _found(index: Any, sample: RecallSample, parameters: Any) -> Places:
    most = min(_CANDIDATES[-1] + 1, int(index.ntotal))
    places: Places = index.search(sample.queries, most, params=parameters)[1]
    return places


def _ranks(found: Places, sample: RecallSample) -> Places:
    """Return the rank (q, 10) of each true neighbour among the others that were found, from 0 on.

    One that was not found has a rank past all candidates.
    """
    true = sample.truth[:, :, None] == found[:, None, :]
    ranks = np.where(true.any(axis=2), true.argmax(axis=2), _NOT_FOUND)
    itself = found == sample.own[:, None]
    before = itself.any(axis=1)[:, None] & (itself.argmax(axis=1)[:, None] < ranks)
    places: Places = ranks - before
    return places


def _recall(ranks: Places, candidates: int) -> float:
    """Return the mean part of the true neighbours that are among the first candidates."""
    parts = (ranks < candidates).mean(axis=1) if ranks.shape[1] else np.ones(len(ranks))
    return round(float(np.mean(parts)), 4)


def _cost(tuning: Tuning, list_length: float) -> float:
    """Return the relative time of a query: codes that are scanned, candidates that are read.

    Reading and scoring one vector takes as long as scanning thirty codes (measured).
    """
    return tuning.lists * list_length + 30 * tuning.candidates
