"""Late fusion: one ranking out of what the branches say of their candidates. Pure.

Log odds of independent evidence add up, so a moment's evidence is the weighted sum over
the branches that scored it. What the user does not want only counts against a moment:
being unlike it is no reason to be shown. The other ways to merge are here because other
engines merge so, and because ranks need no background.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.common.contribution import signed_contribution
from engine.common.id_sets import union
from engine.query.calibration.confidence import confidence
from engine.types import BranchScores, Fusion, PartKind
from engine.types.arrays import MomentIds

RRF_K = 60
"""The constant of reciprocal rank fusion, as Cormack et al. (2009) chose it: the first rank counts
twice what the 62nd does."""
_ROUNDING = 1e-4
"""The fraction of their scale below which two scores are equal, in nats; see ``_step``."""

_ITSELF = 0.999
"""The cosine from which an example is taken to have found itself."""

_Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Moments by descending score, equal scores by ascending id."""

    ids: MomentIds
    """(n,)."""
    scores: _Scores
    """(n,): what the fusion makes of them."""
    evidence: _Scores
    """(n,): the weighted sum of their log odds, in nats, whatever the fusion."""
    confidence: _Scores
    """(n,): the probability that they answer, whatever the fusion."""
    scored: tuple[BranchScores, ...]
    """The scores of the branches that they were made of."""

    def __len__(self) -> int:
        return len(self.ids)

    def where(self, kept: NDArray[np.bool_]) -> Ranking:
        """Return those that a mask (n,) keeps, in the same order."""
        return replace(
            self, ids=self.ids[kept], scores=self.scores[kept], evidence=self.evidence[kept],
            confidence=self.confidence[kept],
        )  # fmt: skip


def contributions(scored: BranchScores) -> _Scores:
    """Return what a branch adds to the evidence of each of its candidates, (n,), in nats."""
    return signed_contribution(scored.branch.weight, scored.log_odds)


def fuse(scored: Sequence[BranchScores], fusion: Fusion = Fusion.CALIBRATED) -> Ranking:
    """Merge the scores of all branches into one ranking.

    Scores that differ by less than rounding are equal: a matrix product may sum the
    rows of one vector in another order, and the hits must not depend on that.
    """
    id_lists = [branch_scores.ids for branch_scores in scored]
    ids = union(id_lists)
    places = [np.searchsorted(ids, own) for own in id_lists]
    evidence = _summed(scored, places, len(ids), contributions)
    sure = confidence(evidence, _best(scored, places, evidence), scored)
    scores = _METHODS.get(fusion, _calibrated)(scored, places, evidence)
    order = np.lexsort((ids, -np.round(scores / _step(scores))))
    return Ranking(ids[order], scores[order], evidence[order], sure[order], tuple(scored))


def _best(
    scored: Sequence[BranchScores], places: Sequence[NDArray[np.intp]], evidence: _Scores
) -> float:
    """Return the most evidence that any moment has without words, in nats.

    An example that is in the library finds itself, which says nothing about the others.
    """
    words = _summed(scored, places, len(evidence), _by_words)
    itself = np.zeros(len(evidence), np.bool_)
    for branch_scores, at in zip(scored, places, strict=True):
        if branch_scores.branch.asks != PartKind.TEXT:
            itself[at[branch_scores.raw >= _ITSELF]] = True
    best = float((evidence - words)[~itself].max(initial=-np.inf))
    return best if np.isfinite(best) else 0.0


def _by_words(scored: BranchScores) -> _Scores:
    wanted = scored.branch.space is None and scored.branch.weight > 0
    return contributions(scored) if wanted else np.zeros(len(scored.ids))


def _step(scores: _Scores) -> float:
    """Return the difference below which scores are equal.

    Ranks are three orders below nats.
    """
    return _ROUNDING * float(min(1.0, np.abs(scores).max(initial=0.0) or 1.0))


def _summed(
    scored: Sequence[BranchScores],
    places: Sequence[NDArray[np.intp]],
    count: int,
    part: Callable[[BranchScores], _Scores],
) -> _Scores:
    total = np.zeros(count)
    for branch_scores, at in zip(scored, places, strict=True):
        total[at] += part(branch_scores)
    return total


def _calibrated(
    _: Sequence[BranchScores], __: Sequence[NDArray[np.intp]], evidence: _Scores
) -> _Scores:
    return evidence


def _reciprocal_ranks(
    scored: Sequence[BranchScores], places: Sequence[NDArray[np.intp]], evidence: _Scores
) -> _Scores:
    return _summed(scored, places, len(evidence), _by_rank)


def _by_rank(branch_scores: BranchScores) -> _Scores:
    ranks = np.empty(len(branch_scores.ids))
    ranks[np.lexsort((branch_scores.ids, -branch_scores.raw))] = np.arange(
        1, len(branch_scores.ids) + 1
    )
    return _signed(branch_scores, 1.0 / (RRF_K + ranks))


def _weighted(
    scored: Sequence[BranchScores], places: Sequence[NDArray[np.intp]], evidence: _Scores
) -> _Scores:
    return _summed(scored, places, len(evidence), _stretched)


def _stretched(branch_scores: BranchScores) -> _Scores:
    """Stretch raw scores to [0, 1]; one candidate alone is as good as they come."""
    low, high = branch_scores.raw.min(initial=np.inf), branch_scores.raw.max(initial=-np.inf)
    part = (
        (branch_scores.raw - low) / (high - low) if high > low else np.ones(len(branch_scores.raw))
    )
    return _signed(branch_scores, part)


def _signed(branch_scores: BranchScores, part: _Scores) -> _Scores:
    """Weigh scores; an excluded part counts only where a moment stands out for it."""
    weight = branch_scores.branch.weight
    return weight * (part if weight > 0 else np.where(branch_scores.log_odds > 0, part, 0.0))


def _greatest(
    scored: Sequence[BranchScores], places: Sequence[NDArray[np.intp]], evidence: _Scores
) -> _Scores:
    best = np.full(len(evidence), -np.inf)
    against = np.zeros(len(evidence))
    for branch_scores, at in zip(scored, places, strict=True):
        if branch_scores.branch.weight > 0:
            best[at] = np.maximum(best[at], contributions(branch_scores))
        else:
            against[at] += contributions(branch_scores)
    return np.where(np.isfinite(best), best, 0.0) + against


_METHODS = {
    Fusion.RRF: _reciprocal_ranks,
    Fusion.WEIGHTED: _weighted,
    Fusion.MAX: _greatest,
}
"""The others sum log odds: what differs is what they sum."""
