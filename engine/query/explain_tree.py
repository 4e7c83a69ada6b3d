"""Trees of text: the plan of a search before it runs, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.common.contribution import signed_contribution
from engine.common.result_view import more_like, percent
from engine.common.text import file_name, printable, time_span
from engine.types import (
    AllOf,
    Branch,
    BranchOutcome,
    Condition,
    Filter,
    Hit,
    Not,
    Placement,
    Plan,
    SearchResult,
    Sort,
    Why,
)

_PLACEMENTS = {
    Placement.BEFORE: "what passes the filter is scored one by one",
    Placement.INSIDE: "filtered inside the index",
    Placement.AFTER: "filtered after, with a refill",
}


@dataclass(slots=True)
class _Node:
    line: str
    below: list[_Node] = field(default_factory=list)

    def lines(self, lead: str = "") -> Iterator[str]:
        yield self.line if not lead else lead + self.line
        yield from self._lines_below("")

    def _lines_below(self, lead: str) -> Iterator[str]:
        for place, node in enumerate(self.below):
            last = place == len(self.below) - 1
            yield f"{lead}{'└─ ' if last else '├─ '}{node.line}"
            yield from node._lines_below(lead + ("   " if last else "│  "))


def plan_lines(planned: Plan) -> list[str]:
    """Draw how a query will be run; each line is printable on a terminal."""
    return [printable(line) for line in _plan_tree(planned).lines()]


def result_lines(found: SearchResult) -> list[str]:
    """Draw what came of a query: its branches, its stages, and why each hit is one."""
    trees = (_outcomes(found), _stages(found), *map(_hit, found.hits))
    return [printable(line) for tree in trees for line in tree.lines()]


# --- the plan -----------------------------------------------------------------------


def _plan_tree(planned: Plan) -> _Node:
    query = planned.query
    if query.lists:
        return _listing(planned)
    root = _Node(f"plan: {planned.fusion} fusion over {planned.moments} moments")
    root.below += [_Node(f"note: {note}") for note in planned.notes]
    if query.filter is not None:
        root.below.append(
            _Node(f"filter: {filter_text(query.filter)}: {planned.passing} moments pass")
        )
    for number in range(len(query.stages)):
        branches = [branch for branch in planned.branches if branch.stage == number]
        head = f"stage {number + 1}: " if len(query.stages) > 1 else ""
        stage = _Node(f"{head}{len(branches)} branches, {planned.fetch} candidates each")
        stage.below = [_Node(_planned(branch)) for branch in branches]
        root.below.append(stage)
    shown = "what is likely" if query.likely else "all, likely or not"
    root.below.append(_Node(f"shown: {shown}"))
    if query.rerank:
        root.below.append(_Node(f"rerank: {query.rerank}, the best {query.rerank_top}"))
    return root


def _listing(planned: Plan) -> _Node:
    """Draw how the files of a filter alone are listed."""
    query = planned.query
    order = query.sort or Sort.DATE
    root = _Node(f"plan: list the files of {planned.moments} moments, by {order}")
    root.below += [_Node(f"note: {note}") for note in planned.notes]
    if query.filter is not None:
        root.below.append(_Node(f"filter: {filter_text(query.filter)}"))
    if query.kinds:
        root.below.append(_Node(f"kinds: {', '.join(query.kinds)}"))
    return root


def _planned(branch: Branch) -> str:
    where = f"{branch.space} {branch.modality}" if branch.space else "full text"
    facts = [] if branch.space is None else [f"{branch.vectors} vectors", _how(branch)]
    if branch.placement is not None:
        facts.append(_PLACEMENTS[branch.placement])
    asked = f'{branch.name} "{branch.term}" in {where}'
    return ", ".join((asked, *facts, f"weight {branch.weight:g}"))


def _how(branch: Branch) -> str:
    return "exact" if branch.exact else "approximate, best re-scored exactly"


def filter_text(condition: Filter) -> str:
    """Return a filter as one would write it."""
    if isinstance(condition, Condition):
        value = condition.value
        shown = f"({', '.join(map(_value, value))})" if isinstance(value, tuple) else _value(value)
        return f"{condition.field} {condition.op} {shown}"
    if isinstance(condition, Not):
        return f"not ({filter_text(condition.filter)})"
    word = " and " if isinstance(condition, AllOf) else " or "
    return word.join(f"({filter_text(part)})" for part in condition.filters)


def _value(value: str | float) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value)


# --- what came of it ----------------------------------------------------------------


def _outcomes(found: SearchResult) -> _Node:
    head = "partial result" if found.partial else "result"
    hits = f"{len(found.hits)} hits, {found.below} moments less likely"
    root = _Node(f"{head}: {hits}")
    root.below = [_Node(_outcome(outcome)) for outcome in found.outcomes]
    if found.refills:
        times = "once" if found.refills == 1 else f"{found.refills} times"
        root.below.append(_Node(f"more candidates were asked for {times}: too few hits were left"))
    root.below += [_Node(f"note: {note}") for note in found.notes]
    return root


def _outcome(outcome: BranchOutcome) -> str:
    branch = outcome.branch
    where = f"{branch.space} {branch.modality}" if branch.space else "full text"
    asked = f'{branch.name} "{branch.term}" in {where}'
    if outcome.skipped:
        return f"{asked}: left out, the deadline came first"
    return f"{asked}: {outcome.found} found in {outcome.ms:.1f} ms"


def _stages(found: SearchResult) -> _Node:
    took = ", ".join(f"{name} {ms:.1f}" for name, ms in found.took_ms.items())
    return _Node(f"milliseconds: {took}")


def _hit(hit: Hit) -> _Node:
    facts = (
        f"{hit.rank}.",
        f"{percent(hit)}",
        f"{hit.score:.2f} nats",
        hit.modality,
        time_span(hit.start, hit.end),
        file_name(hit.path),
    )
    root = _Node(" ".join(filter(None, (*map(str, facts), more_like(hit)))))
    root.below = [_Node(_why(why)) for why in hit.why]
    for span in hit.spans:
        at = "" if span.start is None else f" at {span.start:.1f} s"
        line = f'"{span.asked}" by {span.modality}{at}: {span.words or ""}'
        root.below.append(_Node(line.rstrip()))
    return root


def _why(why: Why) -> str:
    counted = signed_contribution(why.weight, why.log_odds)
    asked = f' "{why.asked}"' if why.asked else ""
    if why.mean is None or why.std is None:
        measured = f"{why.raw:.2f} is {why.log_odds:+.2f} nats"
    else:
        ground = f"background {why.mean:.3f} ± {why.std:.3f}"
        measured = f"cosine {why.raw:.3f}, {ground}: {why.log_odds:+.2f} nats"
    space = f" in {why.space}" if why.space else ""
    return f"{counted:+.2f} = {why.weight:g} x {why.branch}{asked}{space}: {measured}"
