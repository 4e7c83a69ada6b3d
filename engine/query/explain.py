"""Make hits of moments: where they are, and why they were found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from engine.common.contribution import signed_contribution
from engine.common.id_sets import locate
from engine.query.calibration.confidence import LIKELY
from engine.query.fuse import Ranking
from engine.types import BranchScores, Hit, MomentRecord, Span, Why
from engine.types.arrays import MomentIds


class HitMaker:
    """Makes hits of moments of one ranking, with the reasons for each.

    The scores of all of them are looked up at once: numpy takes as long to find one moment as to
    find sixty, which was a third of what a page of hits cost.
    """

    def __init__(self, ranking: Ranking, records: Sequence[MomentRecord]) -> None:
        """Look up these moments, all of them of the ranking."""
        ids = np.array([record.moment_id for record in records], np.int64)
        order = np.argsort(ranking.ids)
        places = order[np.searchsorted(ranking.ids, ids, sorter=order)]
        numbers = zip(
            ids.tolist(), ranking.scores[places].tolist(), ranking.confidence[places].tolist(),
            strict=True,
        )  # fmt: skip
        self._scores = {moment: (score, sure) for moment, score, sure in numbers}
        self._reasons = _reasons(ranking.scored, records, ids)

    def hit(
        self, rank: int, record: MomentRecord, *,
        more: int = 0, others: Sequence[int] = (), spans: Sequence[Span] = (),
    ) -> Hit:  # fmt: skip
        """Return a moment as it is shown, with its score in the ranking."""
        score, sure = self._scores[record.moment_id]
        reasons = sorted(self._reasons[record.moment_id], key=_strength, reverse=True)
        return Hit(
            rank=rank,
            score=score,
            kind=record.kind,
            path=record.path,
            asset_id=record.asset_id,
            moment_id=record.moment_id,
            modality=record.moment.modality,
            start=record.moment.start,
            end=record.moment.end,
            why=tuple(reasons),
            more=more,
            spans=tuple(spans),
            confidence=sure,
            likely=sure >= LIKELY,
            others=tuple(others),
        )


def _strength(why: Why) -> float:
    return signed_contribution(why.weight, why.log_odds)


def _reasons(
    scored: Iterable[BranchScores], records: Sequence[MomentRecord], ids: MomentIds
) -> dict[int, list[Why]]:
    """Return what each branch gave these moments (n,), by their ids."""
    reasons: dict[int, list[Why]] = {record.moment_id: [] for record in records}
    words = [words_of(record) for record in records]
    for scores in scored:
        held, places = locate(ids, scores.ids)
        means = [None] * len(places) if scores.mean is None else scores.mean[places].tolist()
        columns = zip(
            np.flatnonzero(held).tolist(), scores.raw[places].tolist(),
            scores.log_odds[places].tolist(), means, strict=True,
        )  # fmt: skip
        branch = scores.branch
        for at, raw, log_odds, mean in columns:
            why = Why(
                branch.name, branch.space, raw, log_odds, branch.weight, branch.term, mean,
                scores.std, words[at],
            )  # fmt: skip
            reasons[records[at].moment_id].append(why)
    return reasons


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
