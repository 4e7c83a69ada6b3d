"""`sensorium show`: all that is known of a hit of the last search, and why it was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.open import HitNumbers, numbered_hit
from engine.commands.options import absolute_option, json_option, library_option, open_library, warn
from engine.commands.output.json_output import print_json
from engine.commands.output.terminal import terminal_of
from engine.common.shown_path import current_folder, on_terminal, relative

if TYPE_CHECKING:
    from engine.query.hit_details import HitDetails


@click.command()
@click.argument("numbers", metavar="[N]...", type=HitNumbers(), nargs=-1)
@click.option("--preview", is_flag=True, help="Show its picture as well, on a terminal.")
@absolute_option
@click.option("--no-pager", is_flag=True, help="Print what is long without $PAGER.")
@library_option
@json_option
def show(
    numbers: tuple[tuple[int, ...], ...],
    preview: bool,
    absolute: bool,
    no_pager: bool,
    library: Path | None,
    as_json: bool,
) -> None:
    """Show hits of the last search, by their numbers in its table; the first by default.

    The facts of the file, what is said and to be read around the hit, its tags, and why it
    was found.
    """
    with open_library(library) as opened:
        found = opened.last_search()
        asked = [number for each in numbers for number in each] or [1]
        details = [opened.details(numbered_hit(found, number)) for number in asked]
        warn(opened)
        if as_json:
            print_json({"hits": [each.to_dict() for each in details]})
            return
        way = opened.settings.preview if preview else None
        _print(details, way, None if absolute else current_folder(), pager=not no_pager)


def _print(
    details: Sequence[HitDetails], preview: str | None, folder: str | None, *, pager: bool
) -> None:
    """Print a page for each hit.

    Args:
        preview: the way of showing pictures; None for none.
        folder: the folder that paths begin in; None for whole ones.
    """
    from engine.commands.output.hit_table import shown_link
    from engine.commands.output.pager import print_text

    terminal = terminal_of()
    pictured = None
    if preview is not None and terminal.shows:
        from engine.commands.output.previews import pictures_for

        pictured = pictures_for(terminal, preview)
    lines = []
    for each in details:
        name = on_terminal(relative(each.hit.path, folder))
        page = each.lines(name)
        lines += ["", shown_link(each.hit.path, name, terminal)]
        if pictured is not None and (picture := pictured(each.hit)):
            lines.append(picture)
        for line in page[1:]:
            lines.append(line if line.startswith(" ") else terminal.styled(line, "bold"))
    print_text("\n".join(lines[1:]), terminal, pager=pager and pictured is None)
