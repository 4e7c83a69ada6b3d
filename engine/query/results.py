"""Turn the scores of branches into hits: fuse, group, explain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from engine.common.id_sets import among, union
from engine.query.calibration.confidence import LIKELY
from engine.query.execute import ExecutedPlan
from engine.query.explain import HitMaker, make_span
from engine.query.fuse import Ranking, fuse
from engine.query.group import HitGroup, Likeness, group_moments
from engine.query.late_interaction import rank_assets, score_assets
from engine.query.sequence import Chain, join_stages
from engine.store import Store
from engine.types import (
    BranchOutcome,
    BranchScores,
    Fusion,
    Group,
    Hit,
    MomentRecord,
    Plan,
    QueryPart,
    Span,
)

_PAGE = 64
"""Records that are looked up at a time."""


@dataclass(frozen=True, slots=True)
class RankedMoments:
    """The hits of a query, and how it went."""

    hits: tuple[Hit, ...]
    outcomes: tuple[BranchOutcome, ...]
    below: int
    """Moments that are less likely than not."""
    partial: bool
    may_have_more: bool
    """True if more candidates could bring more hits."""
    refills: int = 0
    """The number of times that more candidates had been asked for."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    """The moments that may be shown, of one stage."""

    ranking: Ranking
    below: int
    may_have_more: bool


class ResultBuilder:
    """Makes hits of what was executed, with the records of one generation."""

    def __init__(self, store: Store, likeness: Likeness, leave_out: Collection[str] = ()) -> None:
        self._store = store
        self._likeness = likeness
        self._leave_out = frozenset(leave_out)

    def build(self, plan: Plan, executed: ExecutedPlan) -> RankedMoments:
        """Build the hits, best first."""
        stages = [self._ranked(plan, executed, number) for number in range(len(plan.query.stages))]
        if len(stages) > 1:
            hits = self._of_chains(plan, [stage.ranking for stage in stages])
        elif plan.fusion is Fusion.INTERACTION:
            hits = self._of_assets(plan, executed, stages[0].ranking)
        else:
            hits = self._of_moments(plan, stages[0].ranking)
        return RankedMoments(
            tuple(hits),
            executed.outcomes,
            sum(stage.below for stage in stages),
            executed.partial,
            any(stage.may_have_more for stage in stages),
        )

    def _ranked(self, plan: Plan, executed: ExecutedPlan, number: int) -> _Ranked:
        scored = executed.stage(number)
        ranking = fuse(scored, plan.fusion)
        cut_off = [cut for cut in scored if executed.found(cut.branch) >= plan.fetch]
        likely = ranking.confidence >= LIKELY
        lost = union([ranking.ids[~likely]])
        if not plan.query.likely:
            return _Ranked(ranking, len(lost), bool(cut_off))
        # What was cut off holds more that is likely only where all that was not is likely.
        more = any(not among(cut.ids, lost).any() for cut in cut_off)
        return _Ranked(ranking.where(likely), len(lost), more)

    # --- hits -----------------------------------------------------------------------

    def _of_moments(self, plan: Plan, ranking: Ranking) -> list[Hit]:
        query = plan.query
        # A few more than are shown: some of them belong together.
        pages = self._pages(ranking.ids.tolist(), query.top + query.top // 2)
        likely = np.flatnonzero(ranking.confidence >= LIKELY)
        counted = int(likely[-1]) + 1 if len(likely) else 0
        groups = group_moments(pages, query.group, query.top, self._likeness, counted)
        maker = HitMaker(ranking, [led.record for led in groups])
        return [
            maker.hit(rank, led.record, more=led.more, others=led.others)
            for rank, led in enumerate(groups, 1)
        ]

    def _of_assets(self, plan: Plan, executed: ExecutedPlan, ranking: Ranking) -> list[Hit]:
        """Make one hit for each asset, with the moments that answer the parts."""
        counted = [_showable(scores, ranking) for scores in executed.stage(0)]
        records = self._records({i for scores in counted for i in scores.ids.tolist()})
        assets = {moment: record.asset_id for moment, record in records.items()}
        answered = score_assets(counted, assets)[: plan.query.top]
        firsts = [records[best.moments[0][1]] for best in answered]
        maker = HitMaker(rank_assets(answered, executed.stage(0)), firsts)
        return [
            maker.hit(rank, first, spans=_spans(best.moments, records))
            for rank, (first, best) in enumerate(zip(firsts, answered, strict=True), 1)
        ]

    def _of_chains(self, plan: Plan, stages: Sequence[Ranking]) -> list[Hit]:
        """Make a hit where the stages are answered in order, at the moment of the first."""
        records = self._records({i for stage in stages for i in stage.ids.tolist()})
        found = join_stages(stages, records, plan.query.within)
        groups = [*_first_of_each(found, plan.query.group, plan.query.top, self._likeness)]
        maker = HitMaker(stages[0], [chain.records[0] for chain, _ in groups])
        asked = [" + ".join(p.value for p in parts) for parts in plan.query.stages]
        return [
            replace(
                maker.hit(rank, chain.records[0], more=led.more, others=led.others),
                score=chain.score,
                confidence=chain.confidence,
                likely=chain.confidence >= LIKELY,
                spans=tuple(map(make_span, chain.records, asked)),
            )
            for rank, (chain, led) in enumerate(groups, 1)
        ]

    # --- records --------------------------------------------------------------------

    def _pages(self, ids: Sequence[int], first: int) -> Iterator[list[MomentRecord]]:
        """Yield records in pages, best first; ``first`` of them on the first page.

        Moments that have died since they were found have none.
        """
        begin, size = 0, max(first, 1)
        while begin < len(ids):
            yield list(self._records(ids[begin : begin + size]).values())
            begin, size = begin + size, _PAGE

    def _records(self, ids: Iterable[int]) -> dict[int, MomentRecord]:
        wanted = list(ids)
        found = self._store.records(wanted) if wanted else {}
        return {i: record for i, record in found.items() if record.path not in self._leave_out}


def _showable(scores: BranchScores, shown: Ranking) -> BranchScores:
    """Return the scores of a branch for the moments that may be shown.

    A branch of excluded parts keeps all, because the moment that is most like them answers nothing.
    """
    if scores.branch.weight < 0:
        return scores
    kept = among(scores.ids, union([shown.ids]))
    return replace(
        scores, ids=scores.ids[kept], raw=scores.raw[kept], log_odds=scores.log_odds[kept]
    )


def _spans(
    moments: Iterable[tuple[QueryPart, int]], records: Mapping[int, MomentRecord]
) -> list[Span]:
    return [make_span(records[moment], part.value) for part, moment in moments]


def _first_of_each(
    found: Sequence[Chain], group: Group, top: int, likeness: Likeness
) -> Iterator[tuple[Chain, HitGroup]]:
    """Yield chains; those whose first moments belong together are one."""
    by_first: dict[int, Chain] = {}
    for chain in found:
        by_first.setdefault(chain.records[0].moment_id, chain)
    firsts = [chain.records[0] for chain in by_first.values()]
    groups: list[HitGroup] = group_moments([firsts], group, top, likeness)
    return ((by_first[led.record.moment_id], led) for led in islice(groups, top))
