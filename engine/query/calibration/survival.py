"""Measure how far scores stand out by chance: the distribution of deviations, as a curve.

It is read off all pairs of a bank of queries with a sample of moments, the differences between
queries included, since a query that is near everything is a thing that happens.

Beyond what the pairs can tell, the tail is a generalised Pareto distribution (Pickands 1975),
fitted by the mean excess and its shape by probability-weighted moments (Hosking and Wallis
1987), drawn towards a usual shape where few pairs are that far out.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_TAIL = 0.02
"""The share of pairs that the tail is fitted to, where there are enough."""
_FEWEST_IN_TAIL = 50
"""Pairs in the tail that count as enough; of few pairs, it begins further in."""
_USUAL_SHAPE = 0.15
"""The shape of the tails of spaces that were measured: 0.07 to 0.32."""
_USUAL_EXCESS = math.sqrt(3) / math.pi
"""The mean excess of a logistic tail, in deviations."""
_PRIOR_PAIRS = 20
"""The pairs that the usual shape and excess count for."""
_LEAST_SHAPE, _MOST_SHAPE = 0.0, 0.5
_BODY = np.array([0.999, 0.99, 0.95, 0.84, 0.7, 0.5, 0.3, 0.2, 0.16, 0.1, 0.05, 0.03])
"""Shares of pairs beyond the knots of the curve that are read off the pairs."""
_BEYOND = np.array([0.0, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30])
"""Nats past the beginning of the tail of the knots that are computed."""

Curve = NDArray[np.float32]
"""(2, k), both rows rising: deviations, and the log odds that a pair does not reach them."""


def fit_curve(deviations: NDArray[np.float64]) -> Curve:
    """Fit the curve of the deviations of pairs (n,); one without knots where they are too few."""
    deviations = np.sort(deviations.ravel())
    count = len(deviations)
    if count < 2 * _FEWEST_IN_TAIL:
        return np.zeros((2, 0), np.float32)
    share = min(max(_TAIL, _FEWEST_IN_TAIL / count), 0.25)
    begins = float(np.quantile(deviations, 1 - share))
    shape, scale = _fit_tail(deviations[deviations > begins] - begins)
    body = _BODY[share < _BODY]
    nats = _BEYOND
    beyond = scale * (np.expm1(shape * nats) / shape if shape > 1e-6 else nats)
    places = np.concatenate([np.quantile(deviations, 1 - body), begins + beyond])
    survival = np.concatenate([body, share * np.exp(-nats)])
    odds = np.log1p(-survival) - np.log(survival)
    # Of equal deviations the first is the least that they say.
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(places)) > 1e-6])
    return np.stack([places[rising], odds[rising]]).astype(np.float32)


def _fit_tail(excesses: NDArray[np.float64]) -> tuple[float, float]:
    """Return shape and scale of a generalised Pareto distribution of rising excesses (m,)."""
    count = len(excesses)
    mean, shape = _USUAL_EXCESS, _USUAL_SHAPE
    if count > 1:
        first = float(excesses.mean())
        second = float((excesses * (count - 1 - np.arange(count)) / (count - 1)).mean())
        measured = 2 - first / max(first - 2 * second, 1e-9)
        measured = min(max(measured, _LEAST_SHAPE), _MOST_SHAPE)
        trust = count / (count + _PRIOR_PAIRS)
        mean = trust * first + (1 - trust) * mean
        shape = trust * measured + (1 - trust) * shape
    return shape, mean * (1 - shape)


def odds_of(curve: Curve, deviations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log odds, in nats, that a pair by chance does not stand out so far, (n,).

    Between knots the curve is straight, and past both ends it goes on as it was.
    """
    places, odds = curve.astype(np.float64)
    between = np.interp(deviations, places, odds)
    first = (odds[1] - odds[0]) / (places[1] - places[0])
    last = (odds[-1] - odds[-2]) / (places[-1] - places[-2])
    below = np.minimum(deviations - places[0], 0.0) * first
    above = np.maximum(deviations - places[-1], 0.0) * last
    result: NDArray[np.float64] = between + below + above
    return result
