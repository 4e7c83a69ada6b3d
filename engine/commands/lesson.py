"""`sensorium lesson`: what the library says, shows and sounds of a topic, as a page with a quiz."""

from __future__ import annotations

from pathlib import Path

import click

from engine.commands.answer_options import page_option
from engine.commands.options import json_option, library_option, open_library, say, warn
from engine.commands.output.json_output import print_json
from engine.common.text import counted, printable


@click.command()
@click.argument("topic", nargs=-1, required=True)
@page_option("lesson.html")
@click.option(
    "--level", type=click.Choice(("school", "university")), default="school", show_default=True,
    help="Few short sentences, or all that there is with what is said around it.",
)  # fmt: skip
@click.option("--quiz", is_flag=True, help="Add a quiz, which the page marks by itself.")
@click.option(
    "--model", metavar="NAME",
    help="A model that may write sentences and questions, held to what the library says.",
)  # fmt: skip
@library_option
@json_option
def lesson(
    topic: tuple[str, ...], out: Path, level: str, quiz: bool, model: str | None,
    library: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Make a lesson of what the library says, shows and sounds of TOPIC.

    It is made of the library's own moments: sentences said or read, pictures, and clips cut to the
    moment, with sources and licences; each claim has its moment. Where there is not enough about
    TOPIC, it says so and ends with 1:

    \b
      sensorium lesson "how a violin makes sound" --out lesson.html --quiz
      sensorium lesson "volcanoes" --out lesson.html --level university
    """
    with open_library(library) as opened:
        made = opened.lesson(
            " ".join(topic), out=out, level=level, quiz=quiz, model=model, progress=True
        )
        warn(opened)
    if as_json:
        print_json(made.to_dict())
    elif made.found:
        click.echo(printable(str(out)))
        say(
            f"{counted(len(made.quotes), 'sentence')}, {counted(len(made.shown), 'picture')},"
            f" {counted(len(made.heard), 'sound')}, {counted(len(made.quiz), 'question')}"
        )
    for note in made.notes:
        say(note)
    if not made.found:
        if not as_json:
            click.echo(f"Not enough in this library about {printable(made.topic)}.")
        click.get_current_context().exit(1)
