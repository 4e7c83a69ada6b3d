"""Hits as JSON, as a table on a terminal, and as plain lines in a pipe."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_line, print_message
from engine.common.result_view import no_hits_reason, words_of
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
    if filepath_only:
        for path in dict.fromkeys(hit.path for hit in result.hits):
            print_line(file_name(path))
    elif not result.hits:
        print_no_hits(result)
    elif sys.stdout.isatty():
        _table(result.hits)
    else:
        for hit in result.hits:
            facts = (f"{hit.score:.2f}", hit.kind, time_span(hit.start, hit.end))
            print_line("\t".join((*facts, file_name(hit.path), words_of(hit))))


def print_no_hits(result: SearchResult) -> None:
    """Say on stderr why nothing was found."""
    click.echo(no_hits_reason(result, "--all"), err=True)


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
    plain, asked = dataclasses.asdict(Query()), dataclasses.asdict(query)
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

    for hit in found:
        head = f"{hit.score:.1f}  {hit.kind.value}  {time_span(hit.start, hit.end)}"
        console.print(Text(head, overflow="fold"))
        console.print(Padding(Text(printable(hit.path), "bold", overflow="fold"), (0, 0, 0, 2)))
        if words := words_of(hit):
            line = Text(words, "dim", overflow="ellipsis", no_wrap=True)
            console.print(Padding(line, (0, 0, 0, 2)))


def _columns(console: Console, found: Sequence[Hit]) -> None:
    from rich.table import Table
    from rich.text import Text

    rows = [
        (f"{hit.score:.1f}", hit.kind.value, time_span(hit.start, hit.end),
         printable(hit.path), words_of(hit))
        for hit in found
    ]  # fmt: skip
    left = console.width - sum(max(len(row[column]) for row in rows) + 3 for column in range(3))
    longest = max(Text(path).cell_len for *_, path, _ in rows)
    # Words give way to a path until each has half of the room.
    words_room = max(left // 2, left - longest)
    table = Table(box=None, pad_edge=False)
    table.add_column("score", justify="right", style="dim", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("at", justify="right", no_wrap=True)
    table.add_column("file", overflow="fold", style="bold")
    table.add_column("words", overflow="ellipsis", no_wrap=True, style="dim", max_width=words_room)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)
