"""What is shown of a hit: where it is, and why it was found."""

from __future__ import annotations

from collections.abc import Sequence

from engine.common.contribution import signed_contribution
from engine.query.fuse import Ranking
from engine.types import BranchScores, Hit, MomentRecord, Span, Why


def make_hit(
    rank: int, record: MomentRecord, ranking: Ranking, *, more: int = 0, spans: Sequence[Span] = ()
) -> Hit:
    """A moment as it is shown, with its score in a ranking."""
    place = int((ranking.ids == record.moment_id).argmax())
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
        why=tuple(_why(one, at, record) for one, at in parts),
        more=more,
        spans=tuple(spans),
    )


def _strength(part: tuple[BranchScores, int]) -> float:
    one, at = part
    return signed_contribution(one.branch.weight, float(one.log_odds[at]))


def _why(one: BranchScores, at: int, record: MomentRecord) -> Why:
    return Why(
        branch=one.branch.name,
        space=one.branch.space,
        raw=float(one.raw[at]),
        log_odds=float(one.log_odds[at]),
        weight=one.branch.weight,
        asked=one.branch.term,
        mean=None if one.mean is None else float(one.mean[at]),
        std=one.std,
        words=words_of(record),
    )


def make_span(record: MomentRecord, asked: str) -> Span:
    """The moment that answers one stage, or one part."""
    moment = record.moment
    return Span(
        record.moment_id, moment.modality, moment.start, moment.end, asked, words_of(record)
    )


def words_of(record: MomentRecord) -> str | None:
    """What was said or read at a moment, or else what it shows."""
    if record.moment.text is not None:
        return record.moment.text
    return ", ".join(tag.word for tag in record.moment.tags) or None
