"""`sensorium story`: the pictures and clips of an album or a search, as a page and as a film."""

from __future__ import annotations

from pathlib import Path

import click

from engine.commands.answer_options import page_model_option, page_option
from engine.commands.options import json_option, library_option, open_library, say, warn
from engine.commands.output.json_output import print_json
from engine.common.text import counted, printable


@click.command()
@click.argument("asked", metavar="ALBUM|QUERY", nargs=-1, required=True)
@page_option("story.html", "; the cut lists are written beside it")
@page_model_option
@library_option
@json_option
def story(
    asked: tuple[str, ...], out: Path, model: str | None, library: Path | None, as_json: bool
) -> None:
    """Make a story of the pictures and videos of ALBUM, or of what QUERY finds.

    They are captioned, ordered by date, else by path, and near copies are folded. Beside the page
    are the cut lists of a film: EDL and OTIO for editors, and a script by which ffmpeg makes it.
    Where the library has nothing of it, it says so and ends with 1:

    \b
      sensorium story Holiday --out holiday.html
      sensorium story "a dog on the beach" --out dog.html && sh dog.ffmpeg.sh
    """
    with open_library(library) as opened:
        made = opened.story(" ".join(asked), out=out, model=model, progress=True)
        warn(opened)
    if as_json:
        print_json(made.to_dict())
    elif made.found:
        for file in made.files:
            click.echo(printable(str(file)))
        items = counted(len(made.items), "picture or clip", "pictures and clips")
        say(f"{items}, a film of {made.seconds:.1f} seconds")
    for note in made.notes:
        say(note)
    if not made.found:
        if not as_json:
            click.echo(f"Not enough in this library for a story of {printable(made.title)}.")
        click.get_current_context().exit(1)
