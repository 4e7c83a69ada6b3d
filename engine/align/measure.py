"""Pairs of sounds with their targets, and measures of how well they find each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.types.arrays import Vectors

HELD_OUT = 0.2
"""Part of the files that a head is measured on, and part of the rest that it is chosen by."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutPairs:
    """n sounds, each with its target in the shared space (dim)."""

    features: Vectors
    """Features of the sound tower, (n, inputs), L2-normalised."""
    words: Vectors
    """Vectors by the bridge's words, (n, dim), L2-normalised."""
    targets: Vectors
    """Vectors of the targets, (n, dim), L2-normalised."""
    answers: NDArray[np.int64]
    """The number of each target, (n,): the same target has the same number."""
    files: NDArray[np.int64]
    """The file of each sound, (n,); copies of a recording count as one file."""

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, rows: NDArray[np.bool_]) -> HeldOutPairs:
        return replace(
            self, features=self.features[rows], words=self.words[rows],
            targets=self.targets[rows], answers=self.answers[rows], files=self.files[rows],
        )  # fmt: skip

    def unlike(self) -> NDArray[np.bool_]:
        """Mark pairs that do not belong together, (n, n): of another file, and another target."""
        return np.not_equal.outer(self.files, self.files) & np.not_equal.outer(
            self.answers, self.answers
        )


@dataclass(frozen=True, slots=True)
class RetrievalMeasures:
    """Ranks of the right answer in a ranking of all. Ties count half."""

    queries: int
    among: int
    """Candidates of each query."""
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
    """Measures of retrieval in both directions."""

    by_sound: RetrievalMeasures
    """Sounds are queries for their targets."""
    for_sound: RetrievalMeasures
    """Targets are queries for their sounds: the first that is right counts."""

    @property
    def mrr(self) -> float:
        """The mean reciprocal rank over both directions."""
        return (self.by_sound.mrr + self.for_sound.mrr) / 2


def measure(placed: Vectors, pairs: HeldOutPairs) -> Retrieval:
    """Measure how well sounds at ``placed`` (n, dim) find their targets, and these them."""
    scores, right = _scores(placed, pairs)
    return Retrieval(
        RetrievalMeasures.of(ranks_of(scores, right), scores.shape[1]),
        RetrievalMeasures.of(ranks_of(scores.T, right.T), len(pairs)),
    )


def gain(before: Vectors, after: Vectors, pairs: HeldOutPairs) -> tuple[float, float]:
    """Compute by how much sounds find their targets earlier, as reciprocal ranks.

    Two windows of one file are no two witnesses, so the mean is over files.

    Returns:
        The mean over files, and its standard error.
    """
    reciprocal = [1 / ranks_of(*_scores(placed, pairs)) for placed in (before, after)]
    of, counts = np.unique(pairs.files, return_inverse=True, return_counts=True)[1:]
    gains = np.bincount(of, reciprocal[1] - reciprocal[0]) / counts
    return float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))


def _scores(placed: Vectors, pairs: HeldOutPairs) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the score of each sound with each target, and which of them belong together."""
    numbers, first = np.unique(pairs.answers, return_index=True)
    return placed @ pairs.targets[first].T, np.equal.outer(pairs.answers, numbers)


def ranks_of(scores: NDArray[Any], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return, for each row, the rank of its best right column among the wrong columns.

    Args:
        scores: (n, candidates).
        right: which candidates are right, (n, candidates).
    """
    above, level = standing(scores, right)
    ranks: NDArray[np.float64] = 1 + above + level / 2
    return ranks


def standing(
    scores: NDArray[Any], right: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many wrong columns are above each row's best right one, and level with it."""
    best = np.where(right, scores, -np.inf).max(1, keepdims=True)
    above: NDArray[np.int64] = ((scores > best) & ~right).sum(1)
    level: NDArray[np.int64] = ((scores == best) & ~right).sum(1)
    return above, level


def split(pairs: HeldOutPairs, seed: int) -> tuple[HeldOutPairs, HeldOutPairs]:
    """Split pairs into most of them and the held-out rest. No file is in both."""
    files = np.random.default_rng(seed).permutation(np.unique(pairs.files))
    held_out = np.isin(pairs.files, files[: max(1, round(HELD_OUT * len(files)))])
    return pairs[~held_out], pairs[held_out]


def thinned(pairs: HeldOutPairs, most: int, seed: int) -> HeldOutPairs:
    """Return at most so many pairs, drawn at random."""
    if len(pairs) <= most:
        return pairs
    rows = np.zeros(len(pairs), np.bool_)
    rows[np.random.default_rng(seed).choice(len(pairs), most, replace=False)] = True
    return pairs[rows]


def batches(count: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield the numbers below ``count`` in random order, in even parts of about ``size``."""
    yield from np.array_split(rng.permutation(count), max(1, round(count / size)))
