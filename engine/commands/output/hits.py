"""Hits as JSON, as a table on a terminal, and as plain lines in a pipe."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_line, print_message
from engine.common.result_view import (
    LESS_LIKELY,
    NOTHING_LIKELY,
    likely_hits,
    no_hits_reason,
    percent,
    words_of,
)
from engine.common.text import file_name, printable, time_span
from engine.types import Hit, Query, SearchResult

if TYPE_CHECKING:
    from rich.console import Console

_NARROW = 72
"""Columns of a terminal below which a table has no room for a path."""


def print_hits(
    result: SearchResult, *, as_json: bool, filepath_only: bool, explain: bool = False
) -> None:
    """Print a result; with ``filepath_only`` each file is named once."""
    if as_json:
        print_json(search_document(result, explain=explain))
        return
    for note in result.notes:
        print_message(note, err=True)
    if result.partial:
        click.echo("partial: the deadline came before all was searched", err=True)
    if result.hits and not likely_hits(result.hits):
        click.echo(NOTHING_LIKELY, err=True)
    if filepath_only:
        for path in dict.fromkeys(hit.path for hit in result.hits):
            print_line(file_name(path))
    elif not result.hits:
        print_no_hits(result)
    elif sys.stdout.isatty():
        _table(result.hits)
    else:
        _lines(result.hits)


def _lines(hits: Sequence[Hit]) -> None:
    """Print a line for each hit, and one without tabs between likely and less likely."""
    likely = likely_hits(hits)
    for place, hit in enumerate(hits):
        if place == likely and likely:
            print_line(f"--- {LESS_LIKELY} ---")
        facts = (percent(hit), hit.kind, time_span(hit.start, hit.end))
        print_line("\t".join((*facts, file_name(hit.path), words_of(hit))))


def print_no_hits(result: SearchResult) -> None:
    """Say on stderr why nothing was found."""
    click.echo(no_hits_reason(result), err=True)


def search_document(result: SearchResult, *, explain: bool = False) -> dict[str, Any]:
    """Return the document of ``search --json``, which is a contract that tests hold."""
    document = {
        "query": _query(result.query),
        "took_ms": {stage: round(ms, 3) for stage, ms in result.took_ms.items()},
        "below": result.below,
        "partial": result.partial,
        "reranked": result.reranked,
        "notes": result.notes,
        "hits": result.to_dicts(),
    }
    if explain and result.plan is not None:
        document["plan"] = dataclasses.asdict(result.plan)
        document["refills"] = result.refills
        document["outcomes"] = [dataclasses.asdict(outcome) for outcome in result.outcomes]
    return document


def _query(query: Query) -> dict[str, Any]:
    """Return the fields of a query that differ from its defaults."""
    query = dataclasses.replace(query, as_written=None)
    plain, asked = dataclasses.asdict(Query()), dataclasses.asdict(query)
    for part in asked["parts"]:
        del part["quoted"]  # it is of the text as typed, and says nothing of what was asked
    return {key: value for key, value in asked.items() if key == "top" or value != plain[key]}


def _table(found: Sequence[Hit]) -> None:
    from rich.console import Console

    console = Console()
    if console.width < _NARROW:
        _blocks(console, found)
    else:
        _columns(console, found)


def _blocks(console: Console, found: Sequence[Hit]) -> None:
    """Print each hit in a few short lines, for a terminal that is narrow."""
    from rich.padding import Padding
    from rich.text import Text

    likely = likely_hits(found)
    for place, hit in enumerate(found):
        if place == likely and likely:
            console.rule(LESS_LIKELY, style="dim", align="left")
        head = f"{percent(hit)}  {hit.kind.value}  {time_span(hit.start, hit.end)}"
        console.print(Text(head, overflow="fold"))
        console.print(Padding(Text(printable(hit.path), "bold", overflow="fold"), (0, 0, 0, 2)))
        if words := words_of(hit):
            line = Text(words, "dim", overflow="ellipsis", no_wrap=True)
            console.print(Padding(line, (0, 0, 0, 2)))


def _columns(console: Console, found: Sequence[Hit]) -> None:
    from rich.table import Table
    from rich.text import Text

    rows = [
        (percent(hit), hit.kind.value, time_span(hit.start, hit.end),
         printable(hit.path), words_of(hit))
        for hit in found
    ]  # fmt: skip
    left = console.width - sum(max(len(row[column]) for row in rows) + 3 for column in range(3))
    longest = max(Text(path).cell_len for *_, path, _ in rows)
    # Words give way to a path until each has half of the room.
    words_room = max(left // 2, left - longest)
    table = Table(box=None, pad_edge=False)
    table.add_column("sure", justify="right", style="dim", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("at", justify="right", no_wrap=True)
    table.add_column("file", overflow="fold", style="bold")
    table.add_column("words", overflow="ellipsis", no_wrap=True, style="dim", max_width=words_room)
    likely = likely_hits(found)
    for place, row in enumerate(rows):
        if place == likely and likely:
            table.add_row("", "", "", Text(f"--- {LESS_LIKELY} ---", "dim"), "")
        table.add_row(*map(Text, row))
    console.print(table)
