"""`sensorium open`: open hits of the last search with the programs that the system has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.options import library_option, open_library, warn
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.types import Hit, SearchResult

_NOTHING = "no search is remembered for this library; run sensorium search first"


class HitNumbers(click.ParamType[tuple[int, ...]]):
    """A number of a hit, ``3``, or a range of them, ``2-5``."""

    name = "number"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the numbers, from 1."""
        first, dash, last = str(value).partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)):
            self.fail(f"{value!r} is no number of a hit; write 3, or 2-5", param, ctx)
        numbers = range(int(first), int(last if dash else first) + 1)
        if not int(first) or (dash and not int(last)):
            self.fail(f"{value!r}: hits are numbered from 1", param, ctx)
        if not numbers:
            self.fail(f"{value!r} ends before it begins; write {last}-{first}", param, ctx)
        return tuple(numbers)


def numbered_hit(result: SearchResult | None, number: int) -> Hit:
    """Return a hit of the last search.

    Raises:
        UsageError: there is no such search, or no such hit in it.
    """
    if result is None:
        raise UsageError(_NOTHING)
    found = next((hit for hit in result if hit.rank == number), None)
    if found is None:
        there = f"has hits 1 to {len(result)}" if result else "found nothing"
        raise UsageError(f"there is no hit {number}: the last search {there}")
    return found


@click.command("open")
@click.argument("numbers", metavar="[N]...", type=HitNumbers(), nargs=-1)
@library_option
def open_command(numbers: tuple[tuple[int, ...], ...], library: Path | None) -> None:
    """Open hits of the last search, by their numbers in its table; the first by default.

    \b
      sensorium open 3
      sensorium open 1 4-6

    A video or a sound begins at the hit where mpv, vlc, celluloid or ffplay is installed;
    everything else goes to xdg-open, or open on a Mac. SENSORIUM_OPEN names another program,
    which runs in this terminal: "mpv --start={start} {path}".
    """
    with open_library(library) as opened:
        found = opened.last_search()
        asked = [number for each in numbers for number in each] or [1]
        hits = [numbered_hit(found, number) for number in asked]
        program = opened.settings.open
        warn(opened)
    for hit in hits:
        hit.open(program)
