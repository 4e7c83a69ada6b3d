"""`sensorium ask`: a question about the library, answered with the moments that bear it."""

from __future__ import annotations

from pathlib import Path

import click

from engine.commands.complete import complete_filter
from engine.commands.options import json_option, library_option, open_library, say, warn
from engine.commands.output.json_output import print_json


@click.command()
@click.argument("question", nargs=-1, required=True)
@click.option(
    "--where", metavar="FILTER", multiple=True, shell_complete=complete_filter,
    help="Only files of which this is true, such as 'kind = video'. May be repeated.",
)  # fmt: skip
@click.option(
    "--model", metavar="NAME",
    help="The model that writes the answer, such as local:qwen; without one the answer quotes"
    " what the library holds.",
)  # fmt: skip
@click.option(
    "--seconds", type=click.FloatRange(min=0.1), metavar="N",
    help="Seconds that the model may take; then what was found is quoted.",
)  # fmt: skip
@click.option(
    "--explain", is_flag=True,
    help="Show what was asked, found, left out, verified and spent.",
)  # fmt: skip
@library_option
@json_option
def ask(
    question: tuple[str, ...], where: tuple[str, ...], model: str | None, seconds: float | None,
    explain: bool, library: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Answer QUESTION by sentences that cite moments of the library, offline.

    Each sentence cites moments as [1] and [2], whose paths and times follow. Where nothing in the
    library bears the question, it says so and ends with 1:

    \b
      sensorium ask "what did the doctor say?"
      sensorium ask "which video shows a dog?"
      sensorium ask "how many pictures of pandas are there?"
      sensorium ask "when was the picture of the zebra taken?"
    """
    with open_library(library) as opened:
        answer = opened.ask(" ".join(question), model=model, where=where, seconds=seconds)
        warn(opened)
    if as_json:
        print_json(answer.to_dict())
    else:
        click.echo(str(answer))
        if explain:
            click.echo(f"\n{answer.explain()}")
        else:
            for note in answer.notes:
                say(note)
    if not answer.found:
        click.get_current_context().exit(1)
