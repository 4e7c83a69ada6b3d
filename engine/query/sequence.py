"""`then`: moments of one asset that answer one stage after the other. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.query.fuse import Ranking
from engine.types import MomentRecord


@dataclass(frozen=True, slots=True)
class Chain:
    """Moments of one asset, one for each stage, in order."""

    score: float
    """The sum of their scores."""
    records: tuple[MomentRecord, ...]
    confidence: float
    """The confidence of its least probable moment."""


def join_stages(
    stages: Sequence[Ranking], records: Mapping[int, MomentRecord], within: float
) -> list[Chain]:
    """Return the best chain that ends in each moment of the last stage, best first.

    A moment follows another of its asset when it begins later, and no more than
    ``within`` seconds after the other has ended. Moments without times follow nothing.
    """
    ending: list[Chain] = _begun(stages[0], records)
    for stage in stages[1:]:
        by_asset: dict[int, list[Chain]] = {}
        for chain in ending:
            by_asset.setdefault(chain.records[-1].asset_id, []).append(chain)
        ending = [
            Chain(
                best.score + new.score,
                (*best.records, *new.records),
                min(best.confidence, new.confidence),
            )
            for new in _begun(stage, records)
            if (best := _best_before(new.records[0], by_asset, within)) is not None
        ]
    return sorted(ending, key=lambda chain: (-chain.score, chain.records[0].moment_id))


def _begun(stage: Ranking, records: Mapping[int, MomentRecord]) -> list[Chain]:
    """Begin a chain of one for every moment that has a time."""
    scored = zip(stage.ids.tolist(), stage.scores.tolist(), stage.confidence.tolist(), strict=True)
    return [
        Chain(score, (records[moment],), confidence)
        for moment, score, confidence in scored
        if moment in records and records[moment].moment.start is not None
    ]


def _best_before(
    record: MomentRecord, by_asset: Mapping[int, Sequence[Chain]], within: float
) -> Chain | None:
    before = [
        chain
        for chain in by_asset.get(record.asset_id, ())
        if _follows(record, chain.records[-1], within)
    ]
    return max(before, key=lambda chain: chain.score, default=None)


def _follows(later: MomentRecord, earlier: MomentRecord, within: float) -> bool:
    begins, began = later.moment.start or 0.0, earlier.moment.start or 0.0
    ended = earlier.moment.end if earlier.moment.end is not None else began
    return began < begins <= ended + within
