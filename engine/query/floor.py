"""The floor of relevance: what is no better than the background is no answer. Pure.

Evidence is in nats against a logistic background, under which a moment that has nothing
to do with the query reaches a score s with odds of e^-s to 1. Of n moments that were
searched, n e^-s are expected to reach it by chance: the E-value of sequence search
(Karlin and Altschul 1990). So the floor rises with the logarithm of the library, and asks
nothing of the query's own scores, which differ so much between queries that no flat
cut-off is right.

What is not wanted moves a moment down the ranking, and lifts no floor: a vehicle that is
a little like a motorcycle is still a vehicle. But what is more like that than like what
is wanted is no answer.

There are two floors. Whether a query has an answer at all is asked of its best moment,
and strictly; what goes with an answer is asked less. The first is where it is because
what is next to an answer (a banjo, for a grand piano) stands out of the background too:
it was set on the half of ``benchmarks/mixed.py``'s queries that is for setting things.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.query.fuse import Ranking

ANSWERS = 0.08
"""Moments that chance may be expected to bring as far as the best one of an answer."""
GOES_WITH = 10.0
"""Moments that chance may bring as far as one that is shown beside an answer."""
_LEAST = 3.0
"""Nats, whatever the size of the library: odds of twenty to one."""


def least_evidence(moments: int, by_chance: float) -> float:
    """Return the evidence, in nats, that so many of so many moments reach by chance."""
    return max(math.log(max(moments, 1) / by_chance), _LEAST)


def _weights(ranking: Ranking) -> Iterable[float]:
    """Return the weights of what was asked, which several spaces of a modality share."""
    shared: dict[object, float] = {}
    for branch_scores in ranking.scored:
        key = branch_scores.branch.parts, branch_scores.branch.modality
        shared[key] = shared.get(key, 0.0) + branch_scores.branch.weight
    return shared.values()


def above_floor(ranking: Ranking, moments: int) -> NDArray[np.bool_]:
    """Return a mask (n,) of the moments that answer the query; all False where none does.

    Args:
        moments: how many were searched.
    """
    heaviest = max(_weights(ranking), default=1.0)
    wanted = np.where(ranking.evidence > 0, ranking.wanted / max(heaviest, 1e-9), -np.inf)
    if wanted.max(initial=-np.inf) < least_evidence(moments, ANSWERS):
        return np.zeros(len(ranking), np.bool_)
    kept: NDArray[np.bool_] = wanted >= least_evidence(moments, GOES_WITH)
    return kept
