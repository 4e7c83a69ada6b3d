"""What is shown of a hit: where it is, and why it was found."""

from __future__ import annotations

from collections.abc import Iterable

from engine.query.fuse import Fused, contribution
from engine.types import Candidate, Hit, MomentRecord, Why


def hits_of(ranked: Iterable[tuple[Fused, MomentRecord]]) -> tuple[Hit, ...]:
    """Moments, best first, as hits."""
    return tuple(_hit(rank, fused, record) for rank, (fused, record) in enumerate(ranked, 1))


def _hit(rank: int, fused: Fused, record: MomentRecord) -> Hit:
    parts = sorted(fused.parts, key=contribution, reverse=True)
    return Hit(
        rank=rank,
        score=fused.score,
        kind=record.kind,
        path=record.path,
        asset_id=record.asset_id,
        moment_id=record.moment_id,
        start=record.moment.start,
        end=record.moment.end,
        why=tuple(_why(part, record) for part in parts),
    )


def _why(part: Candidate, record: MomentRecord) -> Why:
    return Why(
        branch=part.branch.name,
        space=part.branch.space,
        raw=part.raw,
        log_odds=contribution(part),
        words=words_of(record),
    )


def words_of(record: MomentRecord) -> str | None:
    """What is said at a moment, or what a bridge put it into."""
    if record.moment.text is not None:
        return record.moment.text
    return ", ".join(tag.word for tag in record.moment.tags) or None
