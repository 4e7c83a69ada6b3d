"""Figures of retrieval with graded judgements: nDCG, recall, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.collection import Judgement

_RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """A file, or a time span of it, that was judged, with the best grade it has."""

    file: str
    start: float | None
    end: float | None
    grade: int

    def is_at(self, file: str, start: float | None, end: float | None) -> bool:
        """Whether a hit is here; times count where both have them."""
        if file != self.file:
            return False
        if None in (start, end, self.start, self.end):
            return True
        return start < self.end and self.start < end  # type: ignore[operator]


def places(judged: Iterable[Judgement]) -> list[Place]:
    """What was judged of one query; spans of a file that overlap are one place."""
    by_file: dict[str, list[Judgement]] = {}
    for one in judged:
        by_file.setdefault(one.file, []).append(one)
    return [place for file, of_file in by_file.items() for place in _of_file(file, of_file)]


def _of_file(file: str, judged: Sequence[Judgement]) -> Iterator[Place]:
    if any(one.start is None for one in judged):
        yield Place(file, None, None, max(one.grade for one in judged))
        return
    spans = sorted((one.start or 0.0, one.end or 0.0, one.grade) for one in judged)
    start, end, grade = spans[0]
    for begins, ends, other in spans[1:]:
        if begins < end:
            end, grade = max(end, ends), max(grade, other)
        else:
            yield Place(file, start, end, grade)
            start, end, grade = begins, ends, other
    yield Place(file, start, end, grade)


Found = tuple[str, float | None, float | None]
"""A hit: file, start and end."""


def gains(found: Sequence[Found], judged: Sequence[Place], top: int = 10) -> list[int]:
    """The grades of the first hits; a place counts once, whoever finds it again."""
    left, earned = list(judged), []
    for hit in found[:top]:
        place = next((one for one in left if one.is_at(*hit)), None)
        if place is not None:
            left.remove(place)
        earned.append(0 if place is None else place.grade)
    return earned


def ndcg(found: Sequence[Found], judged: Sequence[Place], top: int = 10) -> float:
    """nDCG with gains 2^grade - 1 (Burges et al. 2005)."""
    best = sorted((place.grade for place in judged), reverse=True)[:top]
    return _dcg(gains(found, judged, top)) / _dcg(best)


def _dcg(grades: Sequence[int]) -> float:
    return float(sum((2**grade - 1) / np.log2(rank + 2) for rank, grade in enumerate(grades)))


def recall(found: Sequence[Found], judged: Sequence[Place], top: int = 10) -> float:
    """The part of what was judged relevant, of as many as fit, that is among the first."""
    earned = sum(grade > 0 for grade in gains(found, judged, top))
    return earned / min(top, len(judged))


def interval(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """A 95 % interval of the mean over queries, by the bootstrap (Efron 1979)."""
    rows = np.asarray(values, np.float64)
    chosen = np.random.default_rng(0).integers(0, len(rows), (_RESAMPLES, len(rows)))
    low, high = np.percentile(rows[chosen].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)
