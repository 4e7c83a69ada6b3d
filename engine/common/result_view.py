"""Search results for people: a table at a prompt, and plain rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.common.text import aligned, clock, printable, time_span

if TYPE_CHECKING:
    from engine.types.results import Hit, SearchResult, Span, Why

MAX_ROWS = 50
"""Hits that a table shows, at most."""
_MAX_WORDS = 60
"""Characters of a transcript that fit into a line."""


LESS_LIKELY = "less likely"
"""The words of the line between hits that are likely and those that are not."""
NOTHING_LIKELY = "nothing here is likely to match; the nearest:"
"""The sentence before hits of which none is likely."""


def no_hits_reason(result: SearchResult) -> str:
    """Return why there are no hits, in a line."""
    if result.plan is not None and result.plan.passing == 0:
        return "nothing found: no file passes the filter"
    if result.query.likely and result.below:
        return f"nothing here is likely to match: {result.below} moments are less likely"
    return "nothing found"


def likely_hits(hits: Sequence[Hit]) -> int:
    """Return how many hits stand above the line: all up to the last that is likely.

    An order by ranks or by a reranker may put one that is less likely between them.
    """
    return max((place for place, hit in enumerate(hits, 1) if hit.likely), default=0)


def percent(hit: Hit) -> str:
    """Return how likely a hit is; no guess is certain, or impossible.

    A file that a filter alone lists is no guess, and has a dash.
    """
    return f"{min(max(round(100 * hit.confidence), 1), 99)}%" if hit.why else "-"


def words_of(hit: Hit) -> str:
    """Return what was said or read at a hit, and what follows it, in one short line."""
    spoken = next((why.words for why in hit.why if why.words), "")
    text = printable(" ".join(spoken.split()))
    short = text if len(text) <= _MAX_WORDS else text[: _MAX_WORDS - 1] + "…"
    return " ".join(filter(None, (short, *map(_later_stage, hit.spans[1:]), more_like(hit))))


def more_like(hit: Hit) -> str:
    """Return how many moments belong together with a hit, or nothing."""
    return f"(and {hit.more} more like it)" if hit.more else ""


def _later_stage(span: Span) -> str:
    at = "" if span.start is None else f" at {clock(span.start)}"
    return printable(f"[{span.asked}{at}]")


def text_table(result: SearchResult) -> str:
    """Return a result as lines whose columns line up, with a line below what is likely."""
    if not result.hits:
        return no_hits_reason(result)
    shown = result.hits[:MAX_ROWS]
    rows = [("#", "sure", "kind", "at", "file", "")]
    rows += [
        (str(hit.rank), percent(hit), hit.kind.value, time_span(hit.start, hit.end),
         printable(hit.path), words_of(hit))
        for hit in shown
    ]  # fmt: skip
    lines = aligned(rows, right=frozenset((0, 1, 3)))
    likely = likely_hits(shown)
    if not likely:
        lines.insert(0, NOTHING_LIKELY)
    elif likely < len(shown):
        lines.insert(1 + likely, f"--- {LESS_LIKELY} ---")
    if len(result.hits) > MAX_ROWS:
        lines.append(f"… and {len(result.hits) - MAX_ROWS} more")
    return "\n".join((*lines, *result.notes))


def why_line(why: Why) -> str:
    """Return what one branch contributed to a hit, in a line."""
    asked = f" “{why.asked}”" if why.asked else ""
    return f"{why.branch}{asked}: {why.raw:.3f}, {why.log_odds:+.2f} nats"


def row_of(hit: Hit) -> dict[str, Any]:
    """Return the facts of a hit as one flat row."""
    return {
        "rank": hit.rank,
        "score": hit.score,
        "confidence": hit.confidence,
        "likely": hit.likely,
        "kind": hit.kind.value,
        "path": hit.path,
        "modality": hit.modality.value,
        "start": hit.start,
        "end": hit.end,
        "words": next((why.words for why in hit.why if why.words), None),
        "more": hit.more,
        "asset_id": hit.asset_id,
        "moment_id": hit.moment_id,
    }
