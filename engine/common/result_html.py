"""Search results in a notebook: pictures, times and reasons.

It stands apart from ``result_view``, because the markup of a page costs a cold search 5 ms.
"""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.common.markup import Html, element
from engine.common.result_view import (
    LESS_LIKELY,
    MAX_ROWS,
    NOTHING_LIKELY,
    likely_hits,
    percent,
    text_table,
    why_line,
    words_of,
)
from engine.common.text import time_span
from engine.errors import MediaError, UsageError

if TYPE_CHECKING:
    from engine.types.results import Hit, SearchResult

_STYLE = (
    ".sensorium td,.sensorium th{text-align:left;vertical-align:top;padding:4px 10px}"
    ".sensorium img{max-width:120px;max-height:120px;border-radius:3px}"
    ".sensorium small{opacity:.7}"
    ".sensorium .line td{border-top:1px solid;opacity:.7}"
)
"""Colours are those of the notebook, light or dark."""
_COLUMNS = ("", "sure", "kind", "at", "file", "why")


def html_table(result: SearchResult) -> str:
    """Return a result as a table of pictures, times and reasons, for a notebook.

    All that comes from files is escaped, and the pictures are part of the page.
    """
    if not result.hits:
        return element("p", text_table(result))
    shown = result.hits[:MAX_ROWS]
    style = element("style", Html(_STYLE))
    head = element("tr", *(element("th", name) for name in _COLUMNS))
    rows, likely = [*map(_row, shown)], likely_hits(shown)
    if likely < len(shown):
        line = element("td", LESS_LIKELY if likely else NOTHING_LIKELY, colspan=len(_COLUMNS))
        rows.insert(likely, element("tr", line, class_="line"))
    table = element("table", style, head, *rows, class_="sensorium")
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
        picture(hit), percent(hit), hit.kind.value, time_span(hit.start, hit.end),
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
