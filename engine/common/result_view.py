"""Search results for people: a table at a prompt, pictures in a notebook, plain rows."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from engine.common.markup import Html, element
from engine.common.text import aligned, clock, printable, time_span
from engine.errors import MediaError, UsageError

if TYPE_CHECKING:
    from engine.types.results import Hit, SearchResult, Span, Why

_ROWS = 50
"""Hits that a table shows, at most."""
_MAX_WORDS = 60
"""Characters of a transcript that fit into a line."""
_STYLE = (
    ".sensorium td,.sensorium th{text-align:left;vertical-align:top;padding:4px 10px}"
    ".sensorium img{max-width:120px;max-height:120px;border-radius:3px}"
    ".sensorium small{opacity:.7}"
)
"""Colours are those of the notebook, light or dark."""


def no_hits_reason(result: SearchResult, show_all: str = "floor=False") -> str:
    """Return why there are no hits, in a line.

    Args:
        show_all: how the nearest moments are asked for all the same.
    """
    if result.plan is not None and result.plan.passing == 0:
        return "nothing found: no file passes the filter"
    if not result.below:
        return "nothing found"
    return (
        f"nothing here matches: of {result.below} moments none is better than the background"
        f" ({show_all} shows the nearest)"
    )


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
    """Return a result as lines whose columns line up."""
    if not result.hits:
        return no_hits_reason(result)
    rows = [("#", "score", "kind", "at", "file", "")]
    rows += [
        (str(hit.rank), f"{hit.score:.2f}", hit.kind.value, time_span(hit.start, hit.end),
         printable(hit.path), words_of(hit))
        for hit in result.hits[:_ROWS]
    ]  # fmt: skip
    lines = aligned(rows, right=frozenset((0, 1, 3)))
    if len(result.hits) > _ROWS:
        lines.append(f"… and {len(result.hits) - _ROWS} more")
    return "\n".join((*lines, *result.notes))


def why_line(why: Why) -> str:
    """Return what one branch contributed to a hit, in a line."""
    asked = f" “{why.asked}”" if why.asked else ""
    return f"{why.branch}{asked}: {why.raw:.3f}, {why.log_odds:+.2f} nats"


def html_table(result: SearchResult) -> str:
    """Return a result as a table of pictures, times and reasons, for a notebook.

    All that comes from files is escaped, and the pictures are part of the page.
    """
    if not result.hits:
        return element("p", text_table(result))
    shown = result.hits[:_ROWS]
    style = element("style", Html(_STYLE))
    head = element(
        "tr", *(element("th", name) for name in ("", "score", "kind", "at", "file", "why"))
    )
    table = element("table", style, head, *map(_row, shown), class_="sensorium")
    more = len(result.hits) - len(shown)
    rest = (f"… and {more} more",) if more else ()
    lines = (element("p", element("small", line)) for line in (*rest, *result.notes))
    return Html("".join((table, *lines)))


def _row(hit: Hit) -> Html:
    folder, _, name = hit.path.rpartition("/")
    file = (element("b", name), Html("<br>"), element("small", folder))
    words = words_of(hit)
    spoken = (Html("<br>"), words) if words else ()
    reasons = [element("div", element("small", why_line(why))) for why in hit.why]
    cells = (
        picture(hit), f"{hit.score:.2f}", hit.kind.value, time_span(hit.start, hit.end),
        (*file, *spoken), reasons,
    )  # fmt: skip
    return element("tr", *(_cell(cell) for cell in cells))


def _cell(content: object) -> Html:
    return element("td", *(content if isinstance(content, tuple | list) else (content,)))


def picture(hit: Hit) -> Html:
    """Return the thumbnail of a hit as an image of a page, or its kind where there is none."""
    with suppress(MediaError, UsageError, KeyError):
        data = base64.b64encode(hit.jpeg()).decode("ascii")
        source = f"data:image/jpeg;base64,{data}"
        return Html(element("img", src=source, alt=hit.kind.value).removesuffix("</img>"))
    return element("small", hit.kind.value)


def row_of(hit: Hit) -> dict[str, Any]:
    """Return the facts of a hit as one flat row."""
    return {
        "rank": hit.rank,
        "score": hit.score,
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
