"""Metrics of classification, as pure functions."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""Ranges of confidence that calibration is measured in."""

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Precision, recall and F1 of one label; 0 where there is nothing to divide by."""

    label: str
    support: int
    """Files that really have it."""
    precision: float
    recall: float
    f1: float
    average_precision: float | None = None
    """For independent decisions; None for a label that no file has."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The decisions whose confidence lies in one range."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def class_figures(
    label: str, given: Set[int], true: Set[int], ap: float | None = None
) -> ClassFigures:
    """Compute precision, recall and F1 from the files that got a label and should have it."""
    hits = len(given & true)
    precision, recall = hits / max(len(given), 1), hits / max(len(true), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return ClassFigures(label, len(true), precision, recall, f1, ap)


def average_precision(scores: Values, true: Flags) -> float | None:
    """Compute the mean of the precisions at each true file, best score first.

    Files of equal score count together, so that their order does not matter. None where
    nothing is true.
    """
    if not true.any():
        return None
    order = np.argsort(-scores, kind="stable")
    scores, true = scores[order], true[order]
    ends = np.flatnonzero(np.diff(scores, append=-np.inf))
    found, seen = np.cumsum(true)[ends], ends + 1
    new = np.diff(found, prepend=0)
    return float((new * found / seen).sum() / true.sum())


def reliability(confidence: Values, right: Flags, bins: int = BINS) -> list[Bin]:
    """Compute confidence and accuracy in ranges of equal width; empty ones are left out."""
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    found = []
    for place in np.unique(places).tolist():
        mine = places == place
        found.append(
            Bin(
                place / bins, (place + 1) / bins, int(mine.sum()),
                float(confidence[mine].mean()), float(right[mine].mean()),
            )
        )  # fmt: skip
    return found


def calibration_error(confidence: Values, right: Flags, bins: int = BINS) -> float:
    """Compute the expected calibration error (Guo et al. 2017).

    It is the mean distance of confidence and accuracy over ranges, each by its share.
    """
    ranges = reliability(confidence, right, bins)
    gaps = sum(bin_.count * abs(bin_.confidence - bin_.accuracy) for bin_ in ranges)
    return gaps / max(len(confidence), 1)


def auroc(scores: Values, positive: Flags) -> float:
    """Compute how often a positive has a greater score than a negative; ties count half.

    NaN where there are only positives or only negatives.
    """
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def confusion(true: Sequence[int], given: Sequence[int], size: int) -> NDArray[np.int64]:
    """Count the files of label i that were given label j, (size, size)."""
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (np.asarray(true, int), np.asarray(given, int)), 1)
    return counts
