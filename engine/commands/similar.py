"""`sensorium similar`: find moments that look or sound like a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.example_options import (
    STDIN,
    clipboard_option,
    clipboard_query,
    piped_query,
)
from engine.commands.open import numbered_hit
from engine.commands.options import AnyPath
from engine.commands.search_options import hit_options, run_query
from engine.errors import UsageError
from engine.types import PartKind, QueryPart

if TYPE_CHECKING:
    from engine.library.facade import Library
    from engine.types.examples import Example


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

    FILE is a path, the moment of a video (clip.mp4#t=12), a URL, - for what is piped in, or the
    number of a hit of the last search.
    """
    if clipboard == bool(file):
        raise UsageError("name one example: a FILE, a URL, - for stdin, or --clipboard")
    example: QueryPart | str
    if clipboard:
        example = clipboard_query(PartKind.FILE)
    else:
        example = piped_query(PartKind.FILE) if file == STDIN else str(file)
    run_query(
        lambda opened, on_plan: opened.similar(
            _hit_or_file(opened, example), kinds=kinds, top=top, likely=likely and not show_all,
            group=group, on_plan=on_plan,
        ),
        **options,
    )  # fmt: skip


def _hit_or_file(library: Library, example: QueryPart | str) -> Example:
    """Return the hit of the last search that a number names, where no file is called so."""
    if isinstance(example, str) and example.isdecimal() and not Path(example).exists():
        return numbered_hit(library.last_search(), int(example))
    return example
