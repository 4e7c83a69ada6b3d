"""Hits as a table on a terminal of any width, with every path whole.

A path stands beside its facts where it has room, else on a line of its own, which only the
terminal itself wraps: what is copied from it is the path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.commands.output.cells import padded, shortened, width_of
from engine.commands.output.terminal import Terminal
from engine.common.result_view import LESS_LIKELY, likely_hits, percent, words_of
from engine.common.shown_path import as_uri, on_terminal
from engine.common.text import time_span
from engine.types import Hit

_GAP, _INDENT = "  ", "    "
_HEAD = ("#", "sure", "kind", "at", "file")
_RIGHT = (True, True, False, True)
_LEAST_WORDS = 24
"""Columns of words that are worth standing beside a path."""

Named = Callable[[str], str]
"""Return a path as it is shown: relative, or whole."""
Pictured = Callable[[Hit], str | None]
"""Return a picture of a hit as lines for the terminal, or None."""


@dataclass(frozen=True, slots=True)
class _Row:
    hit: Hit
    facts: tuple[str, ...]
    path: str
    words: str


def table(
    hits: Sequence[Hit], terminal: Terminal, named: Named, pictured: Pictured | None = None
) -> str:
    """Return hits as lines; none is longer than the terminal is wide, but for paths."""
    rows = [_row(hit, named) for hit in hits]
    widths = [
        max(width_of(cell) for cell in column)
        for column in zip(_HEAD[:4], *(row.facts for row in rows), strict=True)
    ]
    left = terminal.width - sum(widths) - len(_GAP) * len(widths)
    paths = max(width_of(row.path) for row in rows)
    words = max(width_of(row.words) for row in rows)
    beside = paths if paths + min(words, _LEAST_WORDS) + len(_GAP) <= left else None
    lines = []
    if sum(widths) + len(_GAP) * len(widths) + len(_HEAD[4]) <= terminal.width:
        lines.append(terminal.styled(f"{_facts(_HEAD[:4], widths)}{_GAP}{_HEAD[4]}", "dim"))
    likely = likely_hits(hits)
    for place, row in enumerate(rows):
        if place == likely and likely:
            lines.append(terminal.styled(f"--- {LESS_LIKELY} ---", "dim"))
        lines += _lines(row, widths, left, beside, terminal)
        if pictured is not None and (picture := pictured(row.hit)):
            lines.append(picture)
    return "\n".join(lines)


def _row(hit: Hit, named: Named) -> _Row:
    facts = (str(hit.rank), percent(hit), hit.kind.value, time_span(hit.start, hit.end))
    return _Row(hit, facts, on_terminal(named(hit.path)), words_of(hit))


def _facts(cells: Sequence[str], widths: Sequence[int]) -> str:
    each = zip(cells, widths, _RIGHT, strict=True)
    return _GAP.join(padded(cell, width, right=right) for cell, width, right in each)


def _lines(
    row: _Row, widths: Sequence[int], left: int, beside: int | None, terminal: Terminal
) -> list[str]:
    """Return a hit in one line, in two, or in three where its path has no room beside it.

    Args:
        left: columns beside the facts.
        beside: columns of paths, where the words have room beside them.
    """
    facts = _facts(row.facts, widths).rstrip()
    if row.hit.likely:
        facts = terminal.styled(facts, "green")
    path = shown_link(row.hit.path, row.path, terminal)
    if beside is not None:
        words = shortened(row.words, left - beside - len(_GAP))
        gap = " " * (beside - width_of(row.path)) + _GAP if words else ""
        return [f"{facts}{_GAP}{path}{gap}{terminal.styled(words, 'dim')}"]
    words = shortened(row.words, terminal.width - len(_INDENT))
    below = [_INDENT + terminal.styled(words, "dim")] if words else []
    if width_of(row.path) <= left:
        return [f"{facts}{_GAP}{path}", *below]
    return [facts, _INDENT[2:] + path, *below]


def shown_link(path: str, shown: str, terminal: Terminal) -> str:
    """Return a path in bold that leads to its file."""
    return terminal.linked(terminal.styled(shown, "bold"), as_uri(path))
