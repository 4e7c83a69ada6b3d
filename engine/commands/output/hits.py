"""Hits as JSON, as paths for other programs, as a table on a terminal, and as plain lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from engine.commands.output.json_output import print_json
from engine.commands.output.terminal import Terminal, terminal_of
from engine.commands.output.text import print_line, print_message
from engine.common.result_document import search_document
from engine.common.result_view import NOTHING_LIKELY, likely_hits, no_hits_reason, percent, words_of
from engine.common.shown_path import as_bytes, current_folder, on_terminal, relative
from engine.common.text import file_name, time_span
from engine.types import Hit, SearchResult


@dataclass(frozen=True, slots=True)
class HitOutput:
    """The form in which hits are printed."""

    as_json: bool = False
    filepath_only: bool = False
    print0: bool = False
    """Paths alone, each with a NUL behind it."""
    absolute: bool = False
    preview: bool = False
    """A picture of each hit, where the terminal can show one."""
    no_pager: bool = False
    explain: bool = False

    def named(self) -> Callable[[str], str]:
        """Return how a path is shown: from the current folder where it lies below, or whole."""
        folder = None if self.absolute else current_folder()
        return lambda path: relative(path, folder)


def print_hits(result: SearchResult, output: HitOutput, preview: str = "auto") -> None:
    """Print a result.

    Args:
        preview: the way in which a terminal shows pictures; see ``Settings.preview``.
    """
    if output.as_json:
        print_json(search_document(result, explain=output.explain))
        return
    for note in result.notes:
        print_message(note, err=True)
    if result.partial:
        click.echo("partial: the deadline came before all was searched", err=True)
    if result.hits and not likely_hits(result.hits):
        click.echo(NOTHING_LIKELY, err=True)
    if output.filepath_only or output.print0:
        print_paths([hit.path for hit in result.hits], output)
    elif not result.hits:
        print_no_hits(result)
    else:
        _print_found(result.hits, output, preview)


def print_paths(paths: Sequence[str], output: HitOutput) -> None:
    """Print each path once, with the bytes that it has; to a terminal, none that drive it."""
    named = output.named()
    shown = [named(path) for path in dict.fromkeys(paths)]
    if output.print0:
        click.echo(b"".join(as_bytes(path) + b"\0" for path in shown), nl=False)
    elif terminal_of().shows:
        print_line("\n".join(map(on_terminal, shown))) if shown else None
    else:
        click.echo(b"".join(as_bytes(path) + b"\n" for path in shown), nl=False)


def _print_found(hits: Sequence[Hit], output: HitOutput, preview: str) -> None:
    terminal = terminal_of()
    if not terminal.shows:
        _lines(hits, output.named(), terminal)
        if output.preview:
            click.echo("--preview shows pictures on a terminal alone", err=True)
        return
    from engine.commands.output.hit_table import table
    from engine.commands.output.pager import print_text

    pictured = None
    if output.preview:
        from engine.commands.output.previews import pictures_for

        pictured = pictures_for(terminal, preview)
    text = table(hits, terminal, output.named(), pictured)
    print_text(text, terminal, pager=pictured is None and not output.no_pager)


def _lines(hits: Sequence[Hit], named: Callable[[str], str], terminal: Terminal) -> None:
    """Print a line for each hit, with tabs between its columns."""
    for hit in hits:
        sure = terminal.styled(percent(hit), *(("green",) if hit.likely else ()))
        path = terminal.styled(file_name(named(hit.path)), "bold")
        columns = (sure, hit.kind, time_span(hit.start, hit.end), path, words_of(hit))
        print_line("\t".join(columns), color=terminal.colour)


def print_no_hits(result: SearchResult) -> None:
    """Say on stderr why nothing was found."""
    click.echo(no_hits_reason(result), err=True)
