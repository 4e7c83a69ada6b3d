"""`sensorium similar`: find moments that look or sound like a file."""

from __future__ import annotations

from typing import Any

import click

from engine.commands.example_options import (
    STDIN,
    clipboard_option,
    clipboard_query,
    piped_query,
)
from engine.commands.options import AnyPath
from engine.commands.search_options import hit_options, run_query
from engine.errors import UsageError
from engine.types import PartKind


@click.command()
@click.argument("file", type=AnyPath(), required=False)
@clipboard_option
@hit_options
def similar(
    file: str | None,
    clipboard: bool,
    kinds: tuple[str, ...],
    top: int,
    group: str,
    show_all: bool,
    likely: bool,
    **options: Any,
) -> None:
    """Find moments that look or sound like FILE, which need not be in the library.

    FILE is a path, the moment of a video (clip.mp4#t=12), a URL, or - for what is piped in.
    """
    if clipboard == bool(file):
        raise UsageError("name one example: a FILE, a URL, - for stdin, or --clipboard")
    if clipboard:
        example = clipboard_query(PartKind.FILE)
    else:
        example = piped_query(PartKind.FILE) if file == STDIN else str(file)
    run_query(
        lambda opened, on_plan: opened.similar(
            example, kinds=kinds, top=top, likely=likely and not show_all, group=group,
            on_plan=on_plan,
        ),
        **options,
    )  # fmt: skip
