"""`sensorium search`: find moments by text, by an example, or by both."""

from __future__ import annotations

from typing import Any

import click

from engine.commands.complete import complete_query
from engine.commands.example_options import EXAMPLES, asked_with, clipboard_option
from engine.commands.options import AnyPath
from engine.commands.search_options import (
    filter_options,
    hit_options,
    ranking_options,
    run_query,
)


@click.command()
@click.argument("text", nargs=-1, shell_complete=complete_query)
@click.option("--image", type=AnyPath(), help="An example picture.")
@click.option("--audio", type=AnyPath(), help="An example sound.")
@click.option("--video", type=AnyPath(), help="An example video, or a moment: clip.mp4#t=12.")
@clipboard_option
@click.option(
    "--not",
    "exclude",
    metavar="TEXT",
    multiple=True,
    shell_complete=complete_query,
    help="What you do not want.",
)
@filter_options
@ranking_options
@hit_options
def search(
    text: tuple[str, ...],
    clipboard: bool,
    exclude: tuple[str, ...],
    where: tuple[str, ...],
    after: str | None,
    before: str | None,
    rerank: str,
    show_all: bool,
    likely: bool,
    **options: Any,
) -> None:
    """Find moments by TEXT, by an example, or by both.

    TEXT is a query such as

    \b
      a dog barking at the sea
      2: red car + ./street.jpg - night
      "the speaker mentions latency" then "a chart"
      a beach kind:video after:2024-01-01 duration:<1m

    where + adds a text, a file or a URL, - takes one away, a number before a colon is a
    weight, `then` joins moments of one video in order, and double quotes keep what is in
    them as it is. A TEXT of - alone is what is piped in. docs/language.md has all of it.
    """
    from engine.library.facade import Library

    dates = [_dated(name, date) for name, date in (("after", after), ("before", before))]
    query = {key: options.pop(key) for key in _OF_THE_QUERY}
    reranker = None if rerank == "none" else rerank
    asked_for, examples = asked_with(text, clipboard, {n: options.pop(n) for n in EXAMPLES})
    asked = Library.query(
        asked_for, **examples, exclude=exclude, where=[*where, *filter(None, dates)],
        likely=likely and not show_all, rerank=reranker, **query,
    )  # fmt: skip
    # A bar costs the import of rich, and only a reranker has something to report.
    run_query(
        lambda opened, on_plan: opened.run(asked, on_plan=on_plan, progress=bool(reranker)),
        **options,
    )


def _dated(name: str, date: str | None) -> str | None:
    """Return a filter by a date. In quotes it can be nothing else, and an empty one is an error."""
    if date is None:
        return None
    escaped = date.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name} "{escaped}"'


_OF_THE_QUERY = (
    "kinds", "top", "fusion", "weights", "group", "within", "rerank_top", "deadline_ms",
    "space", "sort",
)  # fmt: skip
