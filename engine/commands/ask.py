"""`sensorium ask`: a question about the library, answered with the moments that bear it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.answer_options import answer_model_option, answer_seconds_option, where_option
from engine.commands.options import (
    AnyPath,
    json_option,
    library_option,
    open_library,
    say,
    settings,
    warn,
)
from engine.commands.output.json_output import print_json
from engine.common.text import printable

if TYPE_CHECKING:
    from engine.assistant.answer import CitedAnswer, StreamedSentence


@click.command()
@click.argument("question", nargs=-1, required=True)
@where_option
@answer_model_option
@answer_seconds_option
@click.option("--stream", is_flag=True, help="Print each sentence as soon as it is verified.")
@click.option("--speak", is_flag=True, help="Speak the answer, too, by the configured voice.")
@click.option(
    "--speak-to", type=AnyPath(), metavar="FILE", help="Write the spoken answer to a WAV file."
)
@click.option(
    "--explain", is_flag=True,
    help="Show what was asked, found, left out, verified and spent.",
)  # fmt: skip
@library_option
@json_option
def ask(
    question: tuple[str, ...], where: tuple[str, ...], model: str | None, seconds: float | None,
    stream: bool, speak: bool, speak_to: str | None, explain: bool,
    library: Path | None, as_json: bool,
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
    if stream and as_json:
        raise click.UsageError(
            "--stream prints sentences as they come, --json one object: take one"
        )
    with open_library(library) as opened:
        answer = opened.ask(
            " ".join(question), model=model, where=where, seconds=seconds,
            on_sentence=print_sentence if stream else None,
        )  # fmt: skip
        warn(opened)
    if as_json:
        print_json(answer.to_dict())
    else:
        print_answer(answer, streamed=stream, explain=explain)
    if speak or speak_to:
        _speak(answer, speak_to, aloud=speak)
    if not answer.found:
        click.get_current_context().exit(1)


def print_sentence(made: StreamedSentence) -> None:
    """Print a sentence of an answer as it comes."""
    click.echo(printable(str(made)))


def print_answer(answer: CitedAnswer, *, streamed: bool, explain: bool) -> None:
    """Print an answer: sentences, if they are not there yet, and the moments that they cite."""
    if streamed and answer.found:
        for line in answer.sources():
            click.echo(line)
    else:
        click.echo(str(answer))
    if explain:
        click.echo(f"\n{answer.explain()}")
    else:
        for note in answer.notes:
            say(note)


def _speak(answer: CitedAnswer, out: str | None, *, aloud: bool) -> None:
    from engine.speaking import play
    from engine.speaking import speak as spoken

    speech = spoken(answer.spoken, out, settings=settings())
    if speech.spent is not None:
        say(f"{settings().speaker}: {speech.spent}")
    if aloud:
        play(speech)
