"""Figures of classification. Pure."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class OfClass:
    """How one label is given and found. Where there is nothing to divide by, it is 0."""

    label: str
    support: int
    """Files that really have it."""
    precision: float
    recall: float
    f1: float
    average_precision: float | None = None
    """Of independent decisions; None for a label that no file has."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The decisions whose confidence lies in one range."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def of_class(label: str, given: Set[int], true: Set[int], ap: float | None = None) -> OfClass:
    """Precision, recall and F1 of one label, of the files that got it and should have it."""
    both = len(given & true)
    precision, recall = both / max(len(given), 1), both / max(len(true), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return OfClass(label, len(true), precision, recall, f1, ap)


def average_precision(scores: Values, true: Flags) -> float | None:
    """The mean of the precisions at each true file, best score first; those of equal score
    count together, so that their order does not matter. None where nothing is true."""
    if not true.any():
        return None
    order = np.argsort(-scores, kind="stable")
    scores, true = scores[order], true[order]
    ends = np.flatnonzero(np.diff(scores, append=-np.inf))
    found, seen = np.cumsum(true)[ends], ends + 1
    new = np.diff(found, prepend=0)
    return float((new * found / seen).sum() / true.sum())


def reliability(confidence: Values, right: Flags, bins: int = BINS) -> list[Bin]:
    """Confidence against accuracy, in ranges of equal width; empty ones are left out."""
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    found = []
    for place in np.unique(places):
        mine = places == place
        found.append(
            Bin(
                place / bins, (place + 1) / bins, int(mine.sum()),
                float(confidence[mine].mean()), float(right[mine].mean()),
            )
        )  # fmt: skip
    return found


def calibration_error(confidence: Values, right: Flags, bins: int = BINS) -> float:
    """The expected calibration error: the mean distance of confidence and accuracy over
    ranges, each by its share (Guo et al. 2017)."""
    ranges = reliability(confidence, right, bins)
    gaps = sum(one.count * abs(one.confidence - one.accuracy) for one in ranges)
    return gaps / max(len(confidence), 1)


def auroc(scores: Values, positive: Flags) -> float:
    """How often a positive has the greater score than a negative; ties count half. NaN
    where there are only one or the other."""
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def confusion(true: Sequence[int], given: Sequence[int], size: int) -> NDArray[np.int64]:
    """How many files of label i were given label j, (size, size)."""
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (np.asarray(true, int), np.asarray(given, int)), 1)
    return counts
