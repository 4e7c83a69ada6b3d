"""Accuracy, calibration and mistakes of results that are compared with the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.classify import metrics
from engine.classify.metrics import Bin, ClassFigures
from engine.classify.results import NONE, About, Result
from engine.classify.truth import Truth
from engine.common.atomic_write import write_text
from engine.common.user_path import expanded
from engine.errors import UsageError

WORST = 20
"""Mistakes that are listed."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A file that got another label than it should have."""

    result: Result
    true: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """The figures of results that were compared with the truth."""

    files: int
    accuracy: float
    """Share of files with exactly the labels that they should have."""
    top5: float | None
    """Share of files whose label is among the five most probable; of those that have one."""
    classes: tuple[ClassFigures, ...]
    """Figures of each label, and last of what is none of them, where that may be."""
    mean_average_precision: float | None
    """The mean over labels, for independent decisions; else None."""
    calibration_error: float
    bins: tuple[Bin, ...]
    none_auroc: float | None
    """AUROC of telling what is none of the labels from what is one; None without both."""
    names: tuple[str, ...]
    """The labels of the rows and columns of ``confusion``."""
    confusion: NDArray[np.int64] | None
    """(labels, labels), true by given; None of independent decisions."""
    worst: tuple[Mistake, ...]
    """The surest mistakes, the surest first."""
    about: About = field(repr=False, compare=False)
    """The labels and settings that the results were made with."""
    _thumbnail: Callable[[int], bytes] | None = field(default=None, repr=False, compare=False)

    @property
    def macro(self) -> ClassFigures:
        """The means over the labels that some file has."""
        used = [c for c in self.classes if c.support] or list(self.classes)
        means = (fmean(getattr(c, name) for c in used) for name in ("precision", "recall", "f1"))
        return ClassFigures("mean", sum(c.support for c in used), *means)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_thumbnail": None}

    def report(
        self, path: str | Path, thumbnail: Callable[[int], bytes | None] | None = None
    ) -> Path:
        """Write one page of HTML with figures, charts and mistakes, which opens offline.

        Args:
            thumbnail: gives the JPEG of a moment, such as ``library.thumbnail``; by default
                that of the library that evaluated, and no pictures without one.

        Raises:
            UsageError: the file cannot be written.
        """
        from engine.classify.report import evaluation_page, safe_thumbnails

        file = expanded(path)
        pictures = safe_thumbnails(thumbnail or self._thumbnail)
        write_text(file, evaluation_page(self, self.about, pictures))
        return file

    def __repr__(self) -> str:
        return "\n".join([f"Evaluation of {self.files:,} files", *self._lines()])

    def _lines(self) -> Iterator[str]:
        for name, value in self.document().items():
            if isinstance(value, float):
                yield f"  {name.replace('_', ' ')}: {value:.4g}"
        mean = self.macro
        yield (
            f"  mean over labels: precision {mean.precision:.3f}, recall {mean.recall:.3f},"
            f" F1 {mean.f1:.3f}"
        )

    def _repr_html_(self) -> str:
        from engine.classify.report import evaluation_view

        return evaluation_view(self)

    def document(self) -> dict[str, object]:
        """Return the figures as values of JSON."""
        macro = self.macro
        plain = ("files", "accuracy", "top5", "mean_average_precision", "calibration_error")
        figures: dict[str, object] = {name: getattr(self, name) for name in plain}
        means = {"precision": macro.precision, "recall": macro.recall, "f1": macro.f1}
        return figures | {
            "none_auroc": self.none_auroc,
            "macro": means,
            "classes": [
                {name: getattr(c, name) for name in ClassFigures.__slots__} for c in self.classes
            ],
            "worst": [
                {
                    "file": mistake.result.file, "label": mistake.result.label,
                    "true": mistake.true, "probability": mistake.result.probability,
                }
                for mistake in self.worst
            ],
        }  # fmt: skip


def evaluate(results: Sequence[Result], about: About, truth: Truth) -> Evaluation:
    """Compare those results that the truth names with it.

    Raises:
        UsageError: files have several labels, and the results are no independent decisions.
    """
    judged = [(results[place], labels) for place, labels in sorted(truth.items())]
    if not about.multi:
        for result, labels in judged:
            if len(labels) > 1:
                raise UsageError(
                    f"{result.file} has {len(labels)} labels and the results give one; classify"
                    " with multi=True",
                    arguments=("multi",),
                )
    right = np.array([_given(result) == labels for result, labels in judged], np.bool_)
    sure = np.array([result.probability for result, _ in judged], np.float64)
    names = (*about.labels, NONE)
    given = [_given(result) or {NONE} for result, _ in judged]
    true = [labels or {NONE} for _, labels in judged]
    classes = _classes(names, given, true, [result for result, _ in judged], about.multi)
    found = [c.average_precision for c in classes if c.average_precision is not None]
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
        about,
    )


_Judged = Sequence[tuple[Result, frozenset[str]]]


def _given(result: Result) -> frozenset[str]:
    return frozenset(result.labels[: result.chosen])


def _top5(judged: _Judged) -> float | None:
    """Return the top-5 accuracy over files that have exactly one label."""
    single = [(result, next(iter(labels))) for result, labels in judged if len(labels) == 1]
    return fmean(label in result.labels[:5] for result, label in single) if single else None


def _none_auroc(judged: _Judged) -> float | None:
    known = np.array([bool(labels) for _, labels in judged], np.bool_)
    if known.all() or not known.any():
        return None
    return metrics.auroc(np.array([result.known for result, _ in judged], np.float64), known)


def _classes(
    names: Sequence[str],
    given: Sequence[Set[str]],
    true: Sequence[Set[str]],
    results: Sequence[Result],
    multi: bool,
) -> tuple[ClassFigures, ...]:
    got, should, none = _files_of(given), _files_of(true), frozenset[int]()
    precisions = _precisions(results, should) if multi else {}
    return tuple(
        metrics.class_figures(
            name, got.get(name, none), should.get(name, none), precisions.get(name)
        )
        for name in names
        if name != NONE or name in got or name in should
    )


def _files_of(rows: Sequence[Set[str]]) -> dict[str, set[int]]:
    """Return the places of the files that have each label."""
    found: dict[str, set[int]] = defaultdict(set)
    for place, labels in enumerate(rows):
        for label in labels:
            found[label].add(place)
    return dict(found)


def _precisions(
    results: Sequence[Result], should: Mapping[str, Set[int]]
) -> dict[str, float | None]:
    """Return the average precision of each label that some file should have.

    Where a file does not list a label, its probability counts as 0.
    """
    odds: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for place, result in enumerate(results):
        for label, probability in zip(result.labels, result.probabilities, strict=True):
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
    """Count true by given labels, over those that some file has or was given."""
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
        Mistake(result, tuple(sorted(labels)) or (NONE,))
        for result, labels in judged
        if _given(result) != labels
    ]
    return tuple(sorted(wrong, key=lambda mistake: -mistake.result.probability)[:WORST])
