"""Scoring of vectors by labels, block by block: the best labels, with probabilities.

A block is one matrix product and a handful of passes over what comes of it, done a few
hundred rows at a time, so that scores stay in the cache and a million vectors cost little
more than the product.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.classify import calibration
from engine.types.arrays import Vectors

_TILE = 1 << 20
"""Scores that are computed at a time: four mebibytes, which hardly leave the cache."""
_ALIGNED = 16
"""Floats in a line of the cache."""

Places: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float32]
_Best: TypeAlias = tuple[Places, Floats, Floats]
"""Labels and their probabilities, both (n, top), and deviations (n,)."""
_How: TypeAlias = Callable[[Vectors, int], _Best]
_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Learned:
    """Log odds, linear in the vector, that examples add to those of the text."""

    weights: Vectors
    """(labels, dim)."""
    bias: Floats
    """(labels,)."""
    text: float = 1.0
    """The weight of the log odds of the text."""


@dataclass(frozen=True, slots=True)
class Trained:
    """The scale and bias of cosines that an encoder was trained with."""

    scale: float
    bias: float | None = None
    """For encoders that were trained on independent decisions, such as SigLIP; else None."""


@dataclass(frozen=True, slots=True)
class LabelScores:
    """The best labels of n rows, best first; a row has as many as were asked for."""

    labels: Places
    """(n, top)."""
    probabilities: Floats
    """Probability of being the label, given that it is one of the labels, (n, top)."""
    evidence: Floats
    """Nats for the first label, against chance, (n,)."""


@dataclass(frozen=True)
class Scorer:
    """The labels of one modality, as ``background.label_directions`` makes them."""

    directions: Vectors
    """(labels, dim), in deviations."""
    sure: float
    """``calibration.sureness`` of the modality."""
    cosines: Vectors | None = None
    """The labels themselves, where ``trained`` says what their cosines mean."""
    trained: Trained | None = None
    learned: Learned | None = None

    def __len__(self) -> int:
        return len(self.directions)

    def one_of(self, rows: Vectors, top: int) -> LabelScores:
        """Score rows (n, dim), each of which is one of the labels."""
        return self._in_tiles(rows, top, self._share)

    def each(self, rows: Vectors, top: int) -> LabelScores:
        """Score each label by itself; returns the ``top`` most probable."""
        return self._in_tiles(rows, top, self._alone)

    def _in_tiles(self, rows: Vectors, top: int, how: _How) -> LabelScores:
        """Score a few hundred rows at a time, so that their scores stay in the cache."""
        wide = min(top, len(self))
        labels = np.empty((len(rows), wide), np.int64)
        shares = np.empty((len(rows), wide), np.float32)
        height = max(1, _TILE // max(len(self), 1))
        deviations = np.empty(len(rows), np.float32)
        for first in range(0, len(rows), height):
            part = slice(first, first + height)
            labels[part], shares[part], deviations[part] = how(rows[part], wide)
        return LabelScores(labels, shares, calibration.log_odds(deviations, len(self)))

    def _share(self, rows: Vectors, top: int) -> _Best:
        """Return the best labels of rows, and their part of a softmax over all."""
        if self.trained is not None or self.learned is not None:
            return self._mixed(rows, top)
        odds = rows @ self._padded.T
        mean = odds[:, -1].copy()
        odds[:, len(self) :] = -np.inf  # columns that are no labels
        labels, best = best_of(odds, top)
        # Kept so small that the greatest need not be taken off before the exponential.
        factor = calibration.steepness(best[:, 0], mean, self.sure)[:, None]
        odds *= factor
        return labels, _shares(odds, best * factor), best[:, 0].copy()

    def _mixed(self, rows: Vectors, top: int) -> _Best:
        """Do the same where more than deviations decides."""
        odds = self.odds(rows)
        labels, best = best_of(odds, top)
        return labels, _shares(odds, best), self._deviations(rows, labels)

    def odds(self, rows: Vectors) -> Floats:
        """Return the log odds of every label, (n, labels), of which the greatest is 0."""
        if self.cosines is not None and self.trained is not None:
            odds = rows @ self.cosines.T * np.float32(self.trained.scale)
        else:
            odds = rows @ self.directions.T
            odds *= calibration.steepness(odds.max(axis=1), odds.mean(axis=1), self.sure)[:, None]
        if self.learned is not None:
            odds *= np.float32(self.learned.text)
            odds += rows @ self.learned.weights.T + self.learned.bias
        shifted: Floats = odds - odds.max(axis=1, keepdims=True)
        return shifted

    def _alone(self, rows: Vectors, top: int) -> _Best:
        """Return the most probable labels of rows, each decided by itself."""
        trained = self.trained
        if self.cosines is not None and trained is not None and trained.bias is not None:
            nats = rows @ self.cosines.T * np.float32(trained.scale) + np.float32(trained.bias)
        else:
            nats = calibration.log_odds(rows @ self.directions.T, len(self))
        if self.learned is not None:
            added = rows @ self.learned.weights.T + self.learned.bias
            nats += added - added.mean(axis=1, keepdims=True)
        labels, best = best_of(nats, top)
        return labels, calibration.probability(best), self._deviations(rows, labels)

    def _deviations(self, rows: Vectors, labels: Places) -> Floats:
        """Return how far rows stand out for their first label, (n,)."""
        found: Floats = np.einsum("ij,ij->i", rows, self.directions[labels[:, 0]])
        return found

    @cached_property
    def _padded(self) -> Vectors:
        """The directions and, last, their mean, whose scores are the mean of the scores.

        Between them is room, so that rows of scores begin where lines of the cache do.
        """
        count, dim = self.directions.shape
        padded = np.zeros((-(-(count + 1) // _ALIGNED) * _ALIGNED, dim), np.float32)
        padded[:count] = self.directions
        padded[-1] = self.directions.mean(axis=0)
        return padded


def _shares(odds: Floats, best: Floats) -> Floats:
    """Return the shares of the best (n, top) in a softmax over rows where they are -inf."""
    np.exp(odds, out=odds)
    chosen = np.exp(best)
    others = odds @ np.ones(odds.shape[1], np.float32)
    shares: Floats = chosen / (others + chosen.sum(axis=1))[:, None]
    return shares


def best_of(scores: Floats, top: int) -> tuple[Places, Floats]:
    """Find the greatest scores of each row (n, labels); they are -inf in it afterwards.

    Returns:
        Places and values, best first, both (n, top).

    Partitioning every row would cost as much as the product that made it, and looking for
    the greatest again and again, while it is in the cache, costs a tenth.
    """
    rows = np.arange(len(scores))
    places = np.empty((len(scores), top), np.int64)
    values = np.empty((len(scores), top), np.float32)
    for rank in range(top):
        found = scores.argmax(axis=1)
        places[:, rank], values[:, rank] = found, scores[rows, found]
        scores[rows, found] = -np.inf
    return places, values


def in_turn(
    pool: Executor, work: Callable[[_T], _R], items: Iterable[_T], ahead: int
) -> Iterator[_R]:
    """Yield results in the order of the items, at most ``ahead`` of them begun beforehand."""
    waiting: deque[Future[_R]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
