"""Raw scores into log odds, so that modalities and branches can be added up.

A cosine of 0.3 is a good match between a text and a picture and a poor one
between two texts. What compares is how far a score stands out of its
background: the scores that the same kind of query gets from the same moment when the two
have nothing to do with each other. Some moments are near every query (hubs: Radovanovic
et al. 2010), so what is expected of a moment is its own mean over a bank of queries,
which is its product with their centre. What is left is compared with the deviation of
pairs alone, the double-centred scores. Under a logistic background the log odds that such a
pair would have scored lower are linear in that.

How far it can be trusted is measured: on all pairs of the bank with the sample, the differences
between queries included, so that a deviation which the bank's own phrases reach as well says
little (``survival``). Where one word is near every sound of a library and another near none,
"cat" stood 21 deviations out of applause: 39 nats, before this.

The query's own mean over the moments is not taken off: in a library of dogs "a dog" is
near all of them, and should be.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.query.calibration.survival import fit_curve, odds_of
from engine.store import Background
from engine.types import Modality
from engine.types.arrays import Vectors

BackgroundKey: TypeAlias = tuple[str, str, Modality]
"""Space name, kind of query (``text``, ``image`` or ``audio``), modality."""

FEWEST_PAIRS = 20
"""Pairs that a background is estimated from, below which it says nothing."""
NATS_PER_DEVIATION = math.pi / math.sqrt(3)
"""A logistic distribution of unit variance has scale sqrt(3)/pi."""
_BY_CHANCE = 2.5
"""Nats that are believed for one by which the bank's pairs are surpassed: some of those pairs do
belong together, so chance alone would reach less far. Of 1 to 3, chosen on the ``dev`` half of
``benchmarks/mixed.py`` (nDCG@10 0.66 at 1, 0.69 from 2.3)."""
_PRIOR_PAIRS = 50
"""The pairs that the prior counts for, so that a small sample does not rule."""
_TOPICS = 50
"""The topics of a bank of queries: its phrases are no independent draws, as dogs and cats
are both animals, and so its means are no surer than those of so many."""
_PRIORS = {"text": (0.1, 0.06), "image": (0.3, 0.1), "audio": (0.3, 0.1)}
"""Mean and standard deviation by kind of query, where nothing is known."""


def expected(background: Background, moments: Vectors) -> NDArray[np.float64]:
    """Return the scores (n,) that moments (n, dim) get from queries about other things."""
    centre = np.frombuffer(background.centre, np.float32)
    hubs = moments @ centre if len(centre) else np.zeros(len(moments), np.float32)
    return hubs.astype(np.float64) + background.mean


def log_odds(
    raw: NDArray[np.float64], mean: NDArray[np.float64] | float, against: Background
) -> NDArray[np.float64]:
    """Return how much scores (n,) speak for a match, in nats.

    That is 0 at what is expected of their moments, ``mean``, (n,), and 1.8 a deviation of pairs,
    as far as the pairs of the background allow.
    """
    deviations = (raw - mean) / against.std
    nats: NDArray[np.float64] = NATS_PER_DEVIATION * deviations
    curve = np.frombuffer(against.tail, np.float32).reshape(2, -1)
    if curve.shape[1] < 2:
        return nats
    return np.minimum(nats, _BY_CHANCE * odds_of(curve, deviations))


def by_key(rows: Iterable[Background]) -> dict[BackgroundKey, Background]:
    """Return backgrounds by what they are the background of."""
    return {(row.space, row.query, row.modality): row for row in rows}


def background(known: Mapping[BackgroundKey, Background], key: BackgroundKey) -> Background:
    """Return the background of ``key``, or the prior of its kind of query."""
    return known.get(key) or _prior(key)


def _prior(key: BackgroundKey) -> Background:
    return Background(*key, *_PRIORS[key[1]], 0)


def estimate(key: BackgroundKey, queries: Vectors, moments: Vectors) -> Background:
    """Estimate the background of pairs of queries (q, dim) and moments (n, dim).

    A query that is itself one of the moments must not meet itself: pairs with a
    cosine of one are left out. The result is drawn towards the prior of its kind
    of query by as much as ``_PRIOR_PAIRS`` pairs would.
    """
    if not len(queries) or not len(moments):
        return _prior(key)  # no pairs say nothing
    scores = (queries @ moments.T).astype(np.float64)
    pairs = scores < 1 - 1e-4
    count = int(pairs.sum())
    centre = queries.mean(axis=0, dtype=np.float64).astype(np.float32)
    hubs = (moments @ centre).astype(np.float64)
    std = _deviation(np.where(pairs, scores - hubs, 0.0), pairs, _prior(key).std)
    trust = _trust(hubs, std, len(queries))
    left = np.where(pairs, scores - trust * hubs, 0.0)
    mean = float(left.sum() / max(count, 1))
    tail = fit_curve((left[pairs] - mean) / std)
    return Background(
        *key, mean, std, count, (np.float32(trust) * centre).tobytes(), tail.tobytes()
    )


def _deviation(left: NDArray[np.float64], pairs: NDArray[np.bool_], prior: float) -> float:
    """Return the deviation of pairs alone.

    When the means of moments are off, those of queries go as well.
    """
    of_queries = left.sum(axis=1) / np.maximum(pairs.sum(axis=1), 1)
    squares = (np.where(pairs, left - of_queries[:, None], 0.0) ** 2).sum()
    # Means that were taken off leave fewer free; of one moment nothing is left at all.
    free = max(int(pairs.sum()) - sum(pairs.shape) + 1, 0)
    return float(np.sqrt((squares + _PRIOR_PAIRS * prior**2) / (free + _PRIOR_PAIRS)))


def _trust(hubs: NDArray[np.float64], std: float, queries: int) -> float:
    """Return how much of the differences between the moments' means is theirs, in [0, 1].

    The rest is chance: it is in the bank that some are named more often. So means are
    drawn together as far as chance explains that they differ (James and Stein 1961).
    """
    by_chance = std**2 / min(queries, _TOPICS)
    return max(0.0, 1.0 - by_chance / max(float(hubs.var()), 1e-12))
