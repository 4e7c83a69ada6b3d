"""`sensorium chat`: a conversation about the library, at a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.answer_options import answer_model_option, answer_seconds_option, where_option
from engine.commands.ask import print_answer, print_sentence
from engine.commands.options import AnyPath, complain, library_option, open_library, say, warn
from engine.errors import Cancelled, SensoriumError

if TYPE_CHECKING:
    from engine.assistant.conversation import Conversation

_PROMPT = "> "


@click.command()
@click.argument("about", nargs=-1, type=AnyPath())
@where_option
@answer_model_option
@answer_seconds_option
@click.option(
    "--save", type=AnyPath(), metavar="FILE",
    help="Write the conversation to a JSON file, after each turn.",
)  # fmt: skip
@click.option("--load", type=AnyPath(), metavar="FILE", help="Go on with a saved conversation.")
@library_option
def chat(
    about: tuple[str, ...], where: tuple[str, ...], model: str | None, seconds: float | None,
    save: str | None, load: str | None, library: Path | None,
) -> None:  # fmt: skip
    """Talk about the library, or about ABOUT, files and folders of it, offline.

    A line is a question; answers are like those of `sensorium ask`. A question may refer to the
    answers before it. Ctrl-D ends it, and so does an empty input:

    \b
      > which picture shows a dog?
      > the second one
      > when was it taken?
      > not that one
      > I meant a cat
    """
    with open_library(library) as opened:
        talk = opened.chat(about, model=model, where=where, saved=load)
        warn(opened)
        if save:
            talk.save(save)  # a place where it cannot be kept is told before anything is asked
        try:
            while (line := _read_line()) is not None:
                if line.strip():
                    _answer(talk, line, seconds)
                    if save:
                        talk.save(save)
        except KeyboardInterrupt:
            say("")
            click.get_current_context().exit(130)


def _read_line() -> str | None:
    """Return the next line; None at the end of the input."""
    try:
        if sys.stdin.isatty():
            import readline  # noqa: F401  lines can be edited then

            return input(_PROMPT)
        line = sys.stdin.readline()
    except EOFError:
        say("")
        return None
    return line.rstrip("\n") if line else None


def _answer(talk: Conversation, line: str, seconds: float | None) -> None:
    try:
        answer = talk.ask(line, seconds=seconds, on_sentence=print_sentence)
    except Cancelled:
        raise
    except SensoriumError as error:
        complain(str(error))
        return
    print_answer(answer, streamed=True, explain=False)
