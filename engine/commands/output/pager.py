"""Text on stdout, through a pager where it is longer than the terminal."""

from __future__ import annotations

import os
import shutil

import click

from engine.commands.output.terminal import Terminal
from engine.commands.output.text import print_line

_LESS = "FRX"
"""Options of `less` where LESS is not set: colours stay, and so does the text when it ends."""


def print_text(text: str, terminal: Terminal, *, pager: bool) -> None:
    """Print lines as they are, colours included; long ones on a terminal through $PAGER.

    Args:
        pager: false for --no-pager, and for what no pager can show.
    """
    if pager and terminal.shows and _lines(text, terminal.width) >= terminal.height and _pager():
        os.environ.setdefault("LESS", _LESS)
        os.environ.setdefault("LESSCHARSET", "utf-8")
        click.echo_via_pager(f"{text}\n", color=True)
    else:
        print_line(text, color=True)


def _pager() -> str | None:
    """Return the pager that is installed and asked for; none for `PAGER=cat` and TERM=dumb."""
    command = os.environ.get("PAGER", "less").split()
    if not command or command[0] == "cat" or os.environ.get("TERM", "dumb") == "dumb":
        return None
    if shutil.which(command[0]) is None:
        return None
    os.environ.setdefault("PAGER", "less")  # which click does not look for on its own
    return command[0]


def _lines(text: str, width: int) -> int:
    """Count the lines that a text takes, with those that the terminal wraps."""
    from engine.commands.output.cells import visible_cells

    return sum(1 + max(visible_cells(line) - 1, 0) // width for line in text.splitlines())
