"""Learning from examples: prototypes, or a regression where there are enough.

Both are linear in the vector, and are added to the log odds of the text with two weights.
Those are chosen by cross-validation: every example is judged by a model that has not seen
it, and the weights that lose least are kept. One of the choices is to leave the text as
it is, so examples that say nothing change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from engine.classify.scores import Floats, Learned
from engine.common.vectors import l2_normalize
from engine.types.arrays import Vectors

ENOUGH = 3
"""Examples of every label from which a regression is fitted."""
_FOLDS = 5
_SHARPNESS = 10.0
"""Nats of a prototype's cosine."""
_TEXT = (0.5, 0.75, 1.0)
"""Weights of the text that are tried."""
_LEARNED = (0.0, 0.25, 0.5, 1.0, 2.0)
"""Weights of what is learned that are tried."""

Truth = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Validated:
    """Accuracy of examples that were classified by models that have not seen them."""

    accuracy: float
    loss: float
    """Mean log loss, in nats."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A model that was learned from examples, and what it gains."""

    learned: Learned
    how: str
    """``prototypes`` or ``logistic regression``."""
    text: Validated | None
    """By text alone; None where there are too few examples to say."""
    both: Validated | None
    """By text and examples together."""


def learn(vectors: Vectors, truth: Truth, text: Floats) -> Lesson:
    """Learn from n examples.

    Args:
        vectors: (n, dim).
        truth: the label of each, (n,).
        text: the log odds that the text gives them, (n, labels).
    """
    count = text.shape[1]
    regress = _is_enough(truth, count)
    folds = np.empty(len(truth), np.int64)
    for label in np.unique(truth):
        rows = truth == label
        folds[rows] = np.arange(int(rows.sum())) % _FOLDS
    how = "logistic regression" if regress else "prototypes"
    whole = _fitted(vectors, truth, count, regress)
    if not folds.any():  # no label has two
        return Lesson(_weighed(whole, 1.0, 0.5), how, None, None)
    unseen = _unseen(vectors, truth, folds, count, regress)
    losses = {pair: validated(pair[0] * text + pair[1] * unseen, truth) for pair in _pairs()}
    best = min(losses, key=lambda pair: losses[pair].loss)
    return Lesson(_weighed(whole, *best), how, losses[1.0, 0.0], losses[best])


def _pairs() -> Iterator[tuple[float, float]]:
    """Yield the weights of the text and of what is learned that are tried."""
    yield 1.0, 0.0
    yield from ((a, b) for b in _LEARNED[1:] for a in _TEXT)


def _is_enough(truth: Truth, count: int) -> bool:
    examples = np.bincount(truth, minlength=count)
    # Held out, a fifth of the examples of a label are missing, and some have to be left.
    return bool(count > 1 and examples.min() >= ENOUGH and find_spec("sklearn") is not None)


def _weighed(whole: Learned, text: float, learned: float) -> Learned:
    factor = np.float32(learned)
    return Learned(whole.weights * factor, whole.bias * factor, text)


def _unseen(vectors: Vectors, truth: Truth, folds: Truth, count: int, regress: bool) -> Floats:
    """Return the learned log odds of each example, from the examples of other folds."""
    odds = np.zeros((len(truth), count), np.float32)
    for fold in np.unique(folds):
        test = folds == fold
        model = _fitted(vectors[~test], truth[~test], count, regress)
        odds[test] = vectors[test] @ model.weights.T + model.bias
    return odds


def _fitted(vectors: Vectors, truth: Truth, count: int, regress: bool) -> Learned:
    centre = vectors.mean(axis=0)
    rows: Vectors = vectors - centre
    size = np.float32(max(float(np.linalg.norm(rows, axis=1).mean()), 1e-6))
    fit = _regression if regress else _prototypes
    weights, bias = fit((rows / size).astype(np.float32), truth, count)
    weights = (weights / size).astype(np.float32)
    return Learned(weights, (bias - weights @ centre).astype(np.float32))


def _prototypes(rows: Vectors, truth: Truth, count: int) -> tuple[Vectors, Floats]:
    """Return the direction of each label's mean; zero for labels without examples."""
    sums = np.zeros((count, rows.shape[1]), np.float32)
    np.add.at(sums, truth, l2_normalize(rows))
    return l2_normalize(sums) * np.float32(_SHARPNESS), np.zeros(count, np.float32)


def _regression(rows: Vectors, truth: Truth, count: int) -> tuple[Vectors, Floats]:
    """Fit a multinomial logistic regression; every label has examples."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, max_iter=2000).fit(rows, truth)
    weights, bias = model.coef_, model.intercept_
    if count == 2:  # scikit-learn keeps one row for two classes
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return weights.astype(np.float32), bias.astype(np.float32)


def validated(odds: Floats, truth: Truth) -> Validated:
    """Measure accuracy and log loss of log odds (n, labels)."""
    odds = odds.astype(np.float64) - odds.max(axis=1, keepdims=True)
    logs = odds - np.log(np.exp(odds).sum(axis=1, keepdims=True))
    right = float((odds.argmax(axis=1) == truth).mean())
    return Validated(right, float(-logs[np.arange(len(truth)), truth].mean()))
