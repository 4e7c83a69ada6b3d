"""`sensorium watch-report`: what is seen, said and to be read in a video, as a page."""

from __future__ import annotations

from pathlib import Path

import click

from engine.commands.answer_options import answer_model_option, page_option
from engine.commands.options import AnyPath, json_option, library_option, open_library, say, warn
from engine.commands.output.json_output import print_json
from engine.common.text import counted, printable


@click.command("watch-report")
@click.argument("video", metavar="VIDEO", type=AnyPath())
@page_option("report.html")
@click.option(
    "--ask", "questions", metavar="QUESTION", multiple=True,
    help="A question to answer from VIDEO alone. May be repeated.",
)  # fmt: skip
@answer_model_option
@library_option
@json_option
def watch_report(
    video: str, out: Path, questions: tuple[str, ...], model: str | None, library: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Report what is seen, said and to be read in VIDEO, as one page that opens offline.

    VIDEO is a video or a sound of the library. The page has its chapters, names with how likely
    each is seen and when, the transcript, text on screen, and answers; every line has its moment.
    Where the page is written beside the video, times move a player:

    \b
      sensorium watch-report holiday.mov --out holiday.html
      sensorium watch-report lecture.mp4 --out lecture.html --ask "what is a fugue?"
    """
    with open_library(library) as opened:
        report = opened.watch_report(
            video, out=out, questions=questions, model=model, progress=True
        )
        warn(opened)
    if as_json:
        print_json({**report.to_dict(), "out": str(out)})
    else:
        click.echo(printable(str(out)))
        say(
            f"{counted(len(report.chapters), 'chapter')},"
            f" {counted(len(report.seen) + len(report.heard), 'name')},"
            f" {counted(len(report.spoken), 'line said')},"
            f" {counted(len(report.on_screen), 'line to be read')}"
        )
