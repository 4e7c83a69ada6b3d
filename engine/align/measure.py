"""Pairs of a sound and what belongs to it, and how well one finds the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.types.arrays import Vectors

HELD_OUT = 0.2
"""Part of the files that a head is measured on, and of the rest, what it is chosen by."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutPairs:
    """n sounds with what belongs to each, in the shared space (dim)."""

    features: Vectors
    """Of the sound tower, (n, inputs), L2-normalised."""
    words: Vectors
    """What the bridge's words say of each sound, (n, dim), L2-normalised."""
    targets: Vectors
    """What belongs to each sound, (n, dim), L2-normalised."""
    answers: NDArray[np.int64]
    """Per sound the number of its target: the same target has the same number."""
    files: NDArray[np.int64]
    """Per sound the file that it is of; copies of a recording count as one file."""

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, rows: NDArray[np.bool_]) -> HeldOutPairs:
        return replace(
            self, features=self.features[rows], words=self.words[rows],
            targets=self.targets[rows], answers=self.answers[rows], files=self.files[rows],
        )  # fmt: skip

    def unlike(self) -> NDArray[np.bool_]:
        """Which pairs do not belong together, (n, n): of another file, and another target."""
        return np.not_equal.outer(self.files, self.files) & np.not_equal.outer(
            self.answers, self.answers
        )


@dataclass(frozen=True, slots=True)
class RetrievalMeasures:
    """How early the right one stands in a ranking of all. Ties count half."""

    queries: int
    among: int
    recall_1: float
    recall_10: float
    mrr: float
    """Mean reciprocal rank."""
    median: float

    @classmethod
    def of(cls, ranks: NDArray[np.float64], among: int) -> RetrievalMeasures:
        return cls(
            len(ranks), among, float((ranks <= 1).mean()), float((ranks <= 10).mean()),
            float((1 / ranks).mean()), float(np.median(ranks)),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Both directions."""

    by_sound: RetrievalMeasures
    """A sound asks for what belongs to it."""
    for_sound: RetrievalMeasures
    """What belongs to a sound asks for it: the first that is right counts."""

    @property
    def mrr(self) -> float:
        return (self.by_sound.mrr + self.for_sound.mrr) / 2


def measure(placed: Vectors, pairs: HeldOutPairs) -> Retrieval:
    """How well sounds that lie at ``placed`` (n, dim) find their targets, and these them."""
    scores, right = _scores(placed, pairs)
    return Retrieval(
        RetrievalMeasures.of(_ranks(scores, right), scores.shape[1]),
        RetrievalMeasures.of(_ranks(scores.T, right.T), len(pairs)),
    )


def gain(before: Vectors, after: Vectors, pairs: HeldOutPairs) -> tuple[float, float]:
    """By how much sounds find their targets earlier, as reciprocal ranks: the mean over
    files, and its standard error. Two windows of one file are no two witnesses."""
    reciprocal = [1 / _ranks(*_scores(placed, pairs)) for placed in (before, after)]
    of, counts = np.unique(pairs.files, return_inverse=True, return_counts=True)[1:]
    gains = np.bincount(of, reciprocal[1] - reciprocal[0]) / counts
    return float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))


def _scores(placed: Vectors, pairs: HeldOutPairs) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The score of each sound with each target, and which of them belong together."""
    numbers, first = np.unique(pairs.answers, return_index=True)
    return placed @ pairs.targets[first].T, np.equal.outer(pairs.answers, numbers)


def _ranks(scores: NDArray[np.float32], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Per row the rank of its best right column among the wrong ones."""
    best = np.where(right, scores, -np.inf).max(1, keepdims=True)
    above = ((scores > best) & ~right).sum(1)
    level = ((scores == best) & ~right).sum(1)
    ranks: NDArray[np.float64] = 1 + above + level / 2
    return ranks


def split(pairs: HeldOutPairs, seed: int) -> tuple[HeldOutPairs, HeldOutPairs]:
    """Most of the pairs, and the held-out rest. No file is in both."""
    files = np.random.default_rng(seed).permutation(np.unique(pairs.files))
    held = np.isin(pairs.files, files[: max(1, round(HELD_OUT * len(files)))])
    return pairs[~held], pairs[held]


def thinned(pairs: HeldOutPairs, most: int, seed: int) -> HeldOutPairs:
    """At most so many pairs, drawn at random."""
    if len(pairs) <= most:
        return pairs
    rows = np.zeros(len(pairs), np.bool_)
    rows[np.random.default_rng(seed).choice(len(pairs), most, replace=False)] = True
    return pairs[rows]


def batches(count: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The numbers below ``count`` in random order, in parts as near to ``size`` as goes evenly."""
    yield from np.array_split(rng.permutation(count), max(1, round(count / size)))
