"""Make a hit of a moment: where it is, and why it was found."""

from __future__ import annotations

from collections.abc import Sequence

from engine.common.contribution import signed_contribution
from engine.query.calibration.confidence import LIKELY
from engine.query.fuse import Ranking
from engine.types import BranchScores, Hit, MomentRecord, Span, Why


def make_hit(
    rank: int, record: MomentRecord, ranking: Ranking, *,
    more: int = 0, others: Sequence[int] = (), spans: Sequence[Span] = (),
) -> Hit:  # fmt: skip
    """Return a moment as it is shown, with its score in a ranking."""
    place = int((ranking.ids == record.moment_id).argmax())
    sure = float(ranking.confidence[place])
    words = words_of(record)
    parts = sorted(ranking.branches_of(record.moment_id), key=_strength, reverse=True)
    return Hit(
        rank=rank,
        score=float(ranking.scores[place]),
        kind=record.kind,
        path=record.path,
        asset_id=record.asset_id,
        moment_id=record.moment_id,
        modality=record.moment.modality,
        start=record.moment.start,
        end=record.moment.end,
        why=tuple(_why(branch_scores, at, words) for branch_scores, at in parts),
        more=more,
        spans=tuple(spans),
        confidence=sure,
        likely=sure >= LIKELY,
        others=tuple(others),
    )


def _strength(part: tuple[BranchScores, int]) -> float:
    branch_scores, at = part
    return signed_contribution(branch_scores.branch.weight, float(branch_scores.log_odds[at]))


def _why(branch_scores: BranchScores, at: int, words: str | None) -> Why:
    return Why(
        branch=branch_scores.branch.name,
        space=branch_scores.branch.space,
        raw=float(branch_scores.raw[at]),
        log_odds=float(branch_scores.log_odds[at]),
        weight=branch_scores.branch.weight,
        asked=branch_scores.branch.term,
        mean=None if branch_scores.mean is None else float(branch_scores.mean[at]),
        std=branch_scores.std,
        words=words,
    )


def make_span(record: MomentRecord, asked: str) -> Span:
    """Return the moment that answers one stage, or one part, as a span."""
    moment = record.moment
    return Span(
        record.moment_id, moment.modality, moment.start, moment.end, asked, words_of(record)
    )


def words_of(record: MomentRecord) -> str | None:
    """Return what was said or read at a moment, or else what it shows."""
    if record.moment.text is not None:
        return record.moment.text
    return ", ".join(tag.word for tag in record.moment.tags) or None
