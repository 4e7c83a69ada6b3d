"""`sensorium describe`: questions about a file."""

from __future__ import annotations

from pathlib import Path

import click

from engine.commands.options import (
    AnyPath,
    json_option,
    library_option,
    must_exist,
    open_or_borrow,
)
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message
from engine.common.text import clock
from engine.common.user_path import is_url


@click.command()
@click.argument("file", type=AnyPath())
@click.argument("question", default="What does it show?")
@click.option(
    "--model", metavar="NAME",
    help="The model, such as gemini:MODEL, responses:MODEL or local:qwen.",
)  # fmt: skip
@library_option
@json_option
def describe(
    file: str, question: str, model: str | None, library: Path | None, as_json: bool
) -> None:
    """Answer QUESTION about FILE, a picture, a video or a sound, by the configured model.

    FILE is a path or a URL, and need not be in a library. A model that sees is shown a picture,
    or keyframes of a video chosen for the question; one that does not gets what is said, heard
    and to be read in it.
    """
    if not is_url(file):
        must_exist(
            [file]
        )  # a file that is not there is told before a library: it is the nearer mistake
    with open_or_borrow(library) as opened:
        answer = opened.ask_file(file, question, model=model)
    if as_json:
        print_json(
            {
                "text": answer.text, "model": answer.model, "saw": answer.saw,
                "times": [round(time, 3) for time in answer.times],
                "seconds": round(answer.spent.seconds, 3),
                "tokens": {"asked": answer.spent.asked, "answered": answer.spent.answered},
                "money": answer.spent.money,
            }
        )  # fmt: skip
        return
    for line in answer.text.splitlines():
        print_message(line)
    shown = ", ".join(clock(time) for time in answer.times)
    by = f"shown {shown}" if shown else ("which saw it" if answer.saw else "by words alone")
    click.echo(f"{answer.model}, {by}; {answer.spent}", err=True)
