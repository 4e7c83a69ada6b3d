"""Options of the commands that answer questions and write pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from engine.commands.complete import complete_filter
from engine.commands.options import AnyPath, Command

_QUOTES = "The model that writes the answers, such as local:qwen; without one they quote what the"


def where_option(command: Command) -> Command:
    """Add the option that leaves files out."""
    return click.option(
        "--where", metavar="FILTER", multiple=True, shell_complete=complete_filter,
        help="Only files of which this is true, such as 'kind = video'. May be repeated.",
    )(command)  # fmt: skip


def answer_model_option(command: Command) -> Command:
    """Add the option that names a model which writes answers."""
    return click.option("--model", metavar="NAME", help=f"{_QUOTES} library holds.")(command)


def page_model_option(command: Command) -> Command:
    """Add the option that names a model which writes sentences of a page."""
    return click.option(
        "--model", metavar="NAME",
        help="A model that may write sentences, such as local:qwen, held to what the files say.",
    )(command)  # fmt: skip


def answer_seconds_option(command: Command) -> Command:
    """Add the option that bounds the time of an answer."""
    return click.option(
        "--seconds", type=click.FloatRange(min=0.1), metavar="N",
        help="Seconds that an answer may take; what there was no time for is left out, and said.",
    )(command)  # fmt: skip


def page_option(example: str, beside: str = "") -> Callable[[Command], Command]:
    """Return what adds the option that names the page to write, such as ``example``."""
    return click.option(
        "--out", metavar="FILE", type=AnyPath(path_type=Path), required=True,
        help=f"The page to write, such as {example}{beside}.",
    )  # fmt: skip
