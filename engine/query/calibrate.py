"""Raw scores into log odds, so that modalities and branches can be added up.

A cosine of 0.3 is a good match between a text and a picture and a poor one
between two texts. What compares is how far a score stands out of its
background: the scores that the same kind of query gets from moments of the
same modality when they have nothing to do with each other. Under a logistic
background, whose tails are as heavy as those that are seen, the log odds that
such a pair would have scored lower are linear in the standardised score.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.store import Background
from engine.types import Modality, Vectors

BackgroundKey: TypeAlias = tuple[str, str, Modality]
"""Space name, kind of query (``text``, ``image`` or ``audio``), modality."""

_Score = TypeVar("_Score", float, NDArray[np.float64])

_NATS_PER_DEVIATION = math.pi / math.sqrt(3)
"""A logistic distribution of unit variance has scale sqrt(3)/pi."""
_PRIOR_PAIRS = 50
"""How many pairs the prior counts for, so that a small sample does not rule."""
_PRIORS = {"text": (0.1, 0.1), "image": (0.3, 0.15), "audio": (0.3, 0.15)}
"""Mean and standard deviation by kind of query, where nothing is known."""


def log_odds(raw: _Score, background: Background) -> _Score:
    """Log odds, in nats, that a pair of the background would have scored lower, of one
    score or of many (n,)."""
    return _NATS_PER_DEVIATION * (raw - background.mean) / background.std


def words_log_odds(bm25: float) -> float:
    """Log odds of a match by words. BM25 is itself a sum of log odds, one for each
    word that query and moment share (Robertson and Sparck Jones 1976)."""
    return bm25


def by_key(rows: Iterable[Background]) -> dict[BackgroundKey, Background]:
    """Backgrounds by what they are the background of."""
    return {(row.space, row.query, row.modality): row for row in rows}


def background(known: Mapping[BackgroundKey, Background], key: BackgroundKey) -> Background:
    """The background of ``key``, or the prior of its kind of query."""
    return known.get(key) or _prior(key)


def _prior(key: BackgroundKey) -> Background:
    return Background(*key, *_PRIORS[key[1]], 0)


def estimate(key: BackgroundKey, queries: Vectors, moments: Vectors) -> Background:
    """The background of all pairs of queries (q, dim) and moments (n, dim).

    A query that is itself one of the moments must not meet itself: pairs with a
    cosine of one are left out. The result is drawn towards the prior of its kind
    of query by as much as ``_PRIOR_PAIRS`` pairs would.
    """
    scores = (queries @ moments.T).ravel()
    scores = scores[scores < 1 - 1e-4]
    prior, count = _prior(key), len(scores)
    total = count + _PRIOR_PAIRS
    mean = (scores.sum() + _PRIOR_PAIRS * prior.mean) / total
    squares = (scores**2).sum() + _PRIOR_PAIRS * (prior.std**2 + prior.mean**2)
    return Background(*key, float(mean), float(np.sqrt(squares / total - mean**2)), count)
