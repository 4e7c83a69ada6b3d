"""Results against the truth: how good they are, and where they go wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from engine.classify import metrics
from engine.classify.metrics import Bin, OfClass
from engine.classify.results import About, Result
from engine.classify.truth import Truth
from engine.errors import UsageError

NONE = "(none of these)"
WORST = 20


@dataclass(frozen=True, slots=True)
class Mistake:
    """A file that got another label than it should have."""

    result: Result
    true: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one file of results."""

    files: int
    accuracy: float
    """Files with just the labels that they should have."""
    top5: float | None
    """Files whose label is among the five most probable; of those that have one."""
    classes: tuple[OfClass, ...]
    """A label each, and last what is none of them, where that may be."""
    mean_average_precision: float | None
    """Of independent decisions."""
    calibration_error: float
    bins: tuple[Bin, ...]
    none_auroc: float | None
    """How well what is none of the labels is told from what is one; where there is both."""
    names: tuple[str, ...]
    """The labels of the rows and columns of ``confusion``."""
    confusion: NDArray[np.int64] | None
    """(labels, labels), true by given; None of independent decisions."""
    worst: tuple[Mistake, ...]
    """The surest mistakes, the surest first."""

    @property
    def macro(self) -> OfClass:
        """The means over the labels that some file has."""
        held = [one for one in self.classes if one.support] or list(self.classes)
        figures = (fmean(getattr(one, n) for one in held) for n in ("precision", "recall", "f1"))
        return OfClass("mean", sum(one.support for one in held), *figures)

    def document(self) -> dict[str, object]:
        """The figures as JSON holds them."""
        macro = self.macro
        plain = ("files", "accuracy", "top5", "mean_average_precision", "calibration_error")
        figures: dict[str, object] = {name: getattr(self, name) for name in plain}
        means = {"precision": macro.precision, "recall": macro.recall, "f1": macro.f1}
        return figures | {
            "none_auroc": self.none_auroc,
            "macro": means,
            "classes": [{n: getattr(one, n) for n in OfClass.__slots__} for one in self.classes],
            "worst": [
                {
                    "file": one.result.file, "label": one.result.label, "true": one.true,
                    "probability": one.result.probability,
                }
                for one in self.worst
            ],
        }  # fmt: skip


def evaluate(results: Sequence[Result], about: About, truth: Truth) -> Evaluation:
    """The figures of those results that the truth speaks of.

    Raises:
        UsageError: files have several labels, and the results are no independent decisions.
    """
    judged = [(results[place], labels) for place, labels in sorted(truth.items())]
    if not about.multi:
        for result, labels in judged:
            if len(labels) > 1:
                raise UsageError(
                    f"{result.file} has {len(labels)} labels and the results give one; classify"
                    " with --multi"
                )
    right = np.array([_given(one) == labels for one, labels in judged], np.bool_)
    sure = np.array([one.probability for one, _ in judged], np.float64)
    names = (*about.labels, NONE)
    given = [_given(one) or {NONE} for one, _ in judged]
    true = [labels or {NONE} for _, labels in judged]
    classes = _classes(names, given, true, [one for one, _ in judged], about.multi)
    found = [one.average_precision for one in classes if one.average_precision is not None]
    return Evaluation(
        len(judged),
        float(right.mean()),
        _top5(judged),
        classes,
        fmean(found) if found else None,
        metrics.calibration_error(sure, right),
        tuple(metrics.reliability(sure, right)),
        _none_auroc(judged),
        *_confusion(names, given, true, about.multi),
        _worst(judged),
    )


_Judged = Sequence[tuple[Result, frozenset[str]]]


def _given(result: Result) -> frozenset[str]:
    return frozenset(result.labels[: result.chosen])


def _top5(judged: _Judged) -> float | None:
    """Not of files that have several labels, or none: there is no one place to look at."""
    held = [(one, next(iter(labels))) for one, labels in judged if len(labels) == 1]
    return fmean(label in one.labels[:5] for one, label in held) if held else None


def _none_auroc(judged: _Judged) -> float | None:
    known = np.array([bool(labels) for _, labels in judged], np.bool_)
    if known.all() or not known.any():
        return None
    return metrics.auroc(np.array([one.known for one, _ in judged], np.float64), known)


def _classes(
    names: Sequence[str],
    given: Sequence[Set[str]],
    true: Sequence[Set[str]],
    results: Sequence[Result],
    multi: bool,
) -> tuple[OfClass, ...]:
    got, should, none = _files_of(given), _files_of(true), frozenset[int]()
    precisions = _precisions(results, should) if multi else {}
    return tuple(
        metrics.of_class(name, got.get(name, none), should.get(name, none), precisions.get(name))
        for name in names
        if name != NONE or name in got or name in should
    )


def _files_of(rows: Sequence[Set[str]]) -> dict[str, set[int]]:
    """The places of the files that have each label."""
    found: dict[str, set[int]] = defaultdict(set)
    for place, labels in enumerate(rows):
        for label in labels:
            found[label].add(place)
    return dict(found)


def _precisions(
    results: Sequence[Result], should: Mapping[str, Set[int]]
) -> dict[str, float | None]:
    """The average precision of each label that some file should have; where a file does
    not list it, its probability counts as 0."""
    odds: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for place, one in enumerate(results):
        for label, probability in zip(one.labels, one.probabilities, strict=True):
            odds[label].append((place, probability))
    found = {}
    for name, places in should.items():
        if name != NONE:
            scores, right = np.zeros(len(results)), np.zeros(len(results), np.bool_)
            right[list(places)] = True
            for place, probability in odds.get(name, ()):
                scores[place] = probability
            found[name] = metrics.average_precision(scores, right)
    return found


def _confusion(
    names: Sequence[str],
    given: Sequence[Set[str]],
    true: Sequence[Set[str]],
    multi: bool,
) -> tuple[tuple[str, ...], NDArray[np.int64] | None]:
    """Over the labels that some file has or was given."""
    if multi:
        return tuple(names), None
    pairs = [(next(iter(t)), next(iter(g))) for t, g in zip(true, given, strict=True)]
    used = {name for pair in pairs for name in pair}
    kept = tuple(name for name in names if name in used)
    at = {name: place for place, name in enumerate(kept)}
    counts = metrics.confusion([at[t] for t, _ in pairs], [at[g] for _, g in pairs], len(kept))
    return kept, counts


def _worst(judged: _Judged) -> tuple[Mistake, ...]:
    wrong = [
        Mistake(one, tuple(sorted(labels)) or (NONE,))
        for one, labels in judged
        if _given(one) != labels
    ]
    return tuple(sorted(wrong, key=lambda one: -one.result.probability)[:WORST])
