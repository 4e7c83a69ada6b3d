"""Labels that are probably wrong, by confident learning (Northcutt et al. 2021).

Each asset's class is predicted by a logistic regression on stored vectors which has not
seen that asset. What a class is confused with, over all of it, says how sure a prediction
must be before it speaks against a label; cleanlab draws that line.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.common.optional_package import importing
from engine.common.progress import NO_PROGRESS, Progress
from engine.curate.asset_vectors import AssetPoints, paths_of
from engine.curate.records import Finding
from engine.errors import UsageError
from engine.index.matrix import Places
from engine.store import Store

FOLDS = 5
"""Folds of the cross-validation, where every class has as many assets."""
_FEWEST = 2
"""Assets that a class must have, to be learned from one part and asked of the other."""
_STRENGTH = 100.0
"""Inverse of the regularisation.

Features of length one that are all alike need more room than scikit-learn's 1.
"""
_ROUNDS = 1_000
"""Iterations of a fit, at most."""


@dataclass(frozen=True, slots=True)
class Mislabeled:
    """Items whose label is probably wrong, the surest first."""

    classes: tuple[str, ...]
    labelled: Places
    """(m,): the items that took part."""
    given: Places
    """(m,): the class of each, by its label."""
    probabilities: NDArray[np.float64]
    """(m, classes): out of sample."""
    suspects: Places
    """Rows of ``labelled``, the surest first."""
    folds: int
    left_out: tuple[str, ...]
    """Items that did not take part, and why, one line each."""

    @property
    def suggested(self) -> Places:
        """The most probable class of each, (m,)."""
        best: Places = self.probabilities.argmax(axis=1)
        return best

    @property
    def agreement(self) -> float:
        """The share of labels that the prediction agrees with."""
        return float((self.suggested == self.given).mean())


def mislabeled(
    items: AssetPoints,
    labels: Sequence[str | None],
    *,
    top: int | None = None,
    seed: int = 0,
    progress: Progress = NO_PROGRESS,
) -> Mislabeled:
    """Find the items whose label is probably wrong.

    Args:
        labels: (n,); items without one take no part, nor do those of a class of one.

    Raises:
        ExtraMissing: cleanlab or scikit-learn is not installed.
        UsageError: fewer than two classes are left.
    """
    require_packages()
    counted = Counter(label for label in labels if label is not None)
    classes = tuple(sorted(label for label, n in counted.items() if n >= _FEWEST))
    if len(classes) < 2:
        raise UsageError(
            f"{len(classes)} label{'s' * (len(classes) != 1)} of two or more assets of"
            f" {items.modality}: at least two are needed; labels= says where they come from",
            arguments=("labels",),
        )
    number = {label: i for i, label in enumerate(classes)}
    labelled = np.array([p for p, label in enumerate(labels) if label in number], np.int64)
    given = np.array([number[str(labels[p])] for p in labelled.tolist()], np.int64)
    folds = min(FOLDS, min(counted[label] for label in classes))
    probabilities = out_of_sample(items.rows(labelled), given, folds, seed, progress)
    suspects = _suspects(given, probabilities)
    return Mislabeled(
        classes, labelled, given, probabilities, suspects[:top], folds, _left_out(counted, labels)
    )


def require_packages() -> None:
    """Raise ``ExtraMissing`` unless cleanlab and scikit-learn are installed."""
    with importing("curate mislabeled", "curate", "cleanlab", "sklearn"):
        import cleanlab  # noqa: F401
        import sklearn  # noqa: F401


def out_of_sample(
    rows: NDArray[np.float32],
    given: Places,
    folds: int,
    seed: int,
    progress: Progress = NO_PROGRESS,
) -> NDArray[np.float64]:
    """Predict the classes of rows (m, dim), each by a model that has not seen it.

    Returns:
        Probabilities (m, classes).
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    found = np.zeros((len(rows), int(given.max()) + 1))
    progress.start("learning labels", folds, "folds")
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for learned, asked in parts.split(rows, given):
        model = LogisticRegression(C=_STRENGTH, max_iter=_ROUNDS)
        with warnings.catch_warnings():
            # Where it stops short, it is a little less sure than it could be.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(rows[learned], given[learned])
        found[np.ix_(asked, model.classes_)] = model.predict_proba(rows[asked])
        progress.advance()
    return found


def _suspects(given: Places, probabilities: NDArray[np.float64]) -> Places:
    from cleanlab.filter import find_label_issues

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about classes in which nothing is sure
        ranked = find_label_issues(
            given, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1
        )
    rows = np.asarray(ranked, np.int64)
    # A label that is the most probable one is not improved by any other.
    suspects: Places = rows[probabilities[rows].argmax(axis=1) != given[rows]]
    return suspects


def _left_out(counted: Counter[str], labels: Sequence[str | None]) -> tuple[str, ...]:
    lines = []
    alone = sorted(label for label, n in counted.items() if n < _FEWEST)
    if alone:
        shown = ", ".join(alone[:5]) + (", …" if len(alone) > 5 else "")
        lines.append(f"left out, labels of one asset alone: {shown}")
    without = sum(label is None for label in labels)
    if without:
        lines.append(f"left out, assets without a label: {without}")
    return tuple(lines)


def findings(store: Store, items: AssetPoints, found: Mislabeled) -> list[Finding]:
    """Return a finding for each suspect; the score is the probability of another label."""
    paths, best = paths_of(store, items.assets[found.labelled[found.suspects]]), found.suggested
    listed = []
    for row in found.suspects.tolist():
        place = int(found.labelled[row])
        asset = int(items.assets[place])
        if asset not in paths:
            continue
        given, instead = found.given[row], best[row]
        odds = found.probabilities[row]
        why = (
            f"labelled {found.classes[given]!r} ({odds[given]:.2f}), looks more like"
            f" {found.classes[instead]!r} ({odds[instead]:.2f})"
        )
        moment = int(items.moments[place])
        listed.append(
            Finding(asset, moment, paths[asset], "mislabeled", None, float(odds[instead]), why)
        )
    return listed
