"""Questions on a terminal, whose answer is no unless it is yes."""

from __future__ import annotations

import sys

import click

_ANSWERS = {"y": True, "yes": True, "n": False, "no": False, "": False}


def is_confirmed(question: str) -> bool:
    """Ask a question on the terminal and return whether the answer is yes.

    Not by ``click.confirm``, which calls ``input``: that loses a Ctrl-C that comes while it
    shows the question, and waits on.

    Raises:
        click.Abort: Ctrl-C or Ctrl-D was the answer.
    """
    try:
        while True:
            click.echo(f"{question} [y/N]: ", nl=False, err=True)
            line = sys.stdin.readline()
            if not line:
                raise click.Abort
            if (answer := _ANSWERS.get(line.strip().lower())) is not None:
                return answer
            click.echo("Error: invalid input", err=True)
    except KeyboardInterrupt:
        raise click.Abort from None
