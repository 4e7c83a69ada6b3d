"""Intermediate fusion: the moments of an asset answer the parts of a query between them.

A dog is seen at one moment of a video and the sea is heard at another. For each part
the best moment counts, and an asset's score is the sum over the parts: MaxSim, the late
interaction of ColBERT (Khattab and Zaharia 2020), with moments in place of tokens. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.common.id_sets import union
from engine.query.calibration.confidence import confidence
from engine.query.fuse import Ranking, contributions
from engine.types import BranchScores, QueryPart
from engine.types.arrays import MomentIds


@dataclass(frozen=True, slots=True)
class AnsweredAsset:
    """An asset with the moment that answers each part best."""

    asset_id: int
    score: float
    """Nats."""
    moments: tuple[tuple[QueryPart, int], ...]
    """The wanted parts, best answered first, each with its moment."""


def score_assets(scored: Sequence[BranchScores], assets: Mapping[int, int]) -> list[AnsweredAsset]:
    """Score assets, and return them by descending score, equal ones by ascending id.

    Args:
        assets: the asset of each moment; moments without one are left out.
    """
    parts: dict[QueryPart, list[BranchScores]] = {}
    for branch_scores in scored:
        parts.setdefault(branch_scores.branch.parts[0], []).append(branch_scores)
    best: dict[int, dict[QueryPart, tuple[float, int]]] = {}
    for part, branches in parts.items():
        ids, totals = _evidence(branches)
        for moment, total in zip(ids.tolist(), totals.tolist(), strict=True):
            asset = assets.get(moment)
            if asset is not None:
                _keep_best(best.setdefault(asset, {}), part, total, moment)
    answered = [_answered(asset, of_parts) for asset, of_parts in best.items()]
    return sorted(
        (found for found in answered if found.moments),
        key=lambda found: (-found.score, found.asset_id),
    )


def _evidence(branches: Sequence[BranchScores]) -> tuple[MomentIds, NDArray[np.float64]]:
    """Return what all branches of one part say of each moment."""
    ids = union([branch_scores.ids for branch_scores in branches])
    total = np.zeros(len(ids))
    for branch_scores in branches:
        total[np.searchsorted(ids, branch_scores.ids)] += contributions(branch_scores)
    return ids, total


def _keep_best(
    best: dict[QueryPart, tuple[float, int]], part: QueryPart, total: float, moment: int
) -> None:
    """Keep the strongest moment of a part.

    For an excluded part, that is the moment that is most like it.
    """
    strongest = best.get(part)
    sign = 1 if part.weight > 0 else -1
    if strongest is None or sign * total > sign * strongest[0]:
        best[part] = total, moment


def _answered(asset: int, best: Mapping[QueryPart, tuple[float, int]]) -> AnsweredAsset:
    score = sum(total for total, _ in best.values())
    wanted = sorted(
        ((part, found) for part, found in best.items() if part.weight > 0),
        key=lambda item: -item[1][0],
    )
    return AnsweredAsset(asset, score, tuple((part, moment) for part, (_, moment) in wanted))


def rank_assets(answered: Sequence[AnsweredAsset], scored: Sequence[BranchScores]) -> Ranking:
    """Rank the best moment of each asset under the asset's score."""
    ids = np.array([asset.moments[0][1] for asset in answered], np.int64)
    scores = np.array([asset.score for asset in answered], np.float64)
    best = float(scores.max(initial=0.0))
    return Ranking(ids, scores, scores, confidence(scores, best, scored), tuple(scored))
