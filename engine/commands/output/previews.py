"""Pictures of hits on a terminal, by the best graphics that it can show."""

from __future__ import annotations

import os
import re
import select
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress

import click

from engine.commands.output.terminal import Terminal
from engine.common.terminal_picture import Graphics, Room, encode_picture
from engine.errors import SensoriumError, UsageError
from engine.types import Hit

_ROWS, _COLUMNS, _INDENT = 8, 48, 4
"""Cells of a picture, at most, and of the space to its left."""
_PATIENCE = 0.3
"""Seconds that a terminal has to say whether it knows sixel; they answer in milliseconds."""
_ATTRIBUTES = re.compile(rb"\x1b\[\?([0-9;]*)c")


def pictures_for(terminal: Terminal, way: str) -> Callable[[Hit], str | None] | None:
    """Return what makes a picture of a hit for a terminal; None where it shows none.

    Raises:
        UsageError: there is no such way of showing them.
    """
    graphics = graphics_of(way, os.environ)
    if graphics is Graphics.BLOCKS and not terminal.colour:
        click.echo("--preview needs a terminal with colours", err=True)
        return None
    columns = max(min(_COLUMNS, terminal.width - _INDENT - 1), 4)
    deep = os.environ.get("COLORTERM", "") in ("truecolor", "24bit")
    room = Room(columns, _ROWS, _cell_size(), deep)

    def picture(hit: Hit) -> str | None:
        try:
            return encode_picture(hit.jpeg(), graphics, room, _INDENT)
        except (SensoriumError, KeyError):  # the file is gone, or has changed
            return None

    return picture


def graphics_of(way: str, environ: Mapping[str, str]) -> Graphics:
    """Return the graphics of a terminal, by what it says of itself.

    Raises:
        UsageError: there is no such way.
    """
    if way != "auto":
        try:
            return Graphics(way)
        except ValueError:
            names = ", ".join(("auto", *Graphics))
            raise UsageError(f"SENSORIUM_PREVIEW={way!r}: choose one of {names}") from None
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if term == "dumb":  # it would print the question
        return Graphics.BLOCKS
    inside = "TMUX" in environ or term.startswith(("screen", "tmux"))
    if not inside and (
        "kitty" in term or "ghostty" in term or "KITTY_WINDOW_ID" in environ
        or program in ("ghostty", "WezTerm") or "KONSOLE_VERSION" in environ
    ):  # fmt: skip
        return Graphics.KITTY
    if not inside and (
        program in ("iTerm.app", "mintty", "rio") or environ.get("LC_TERMINAL") == "iTerm2"
    ):
        return Graphics.ITERM
    return Graphics.SIXEL if _knows_sixel() else Graphics.BLOCKS


def _knows_sixel() -> bool:
    """Ask the terminal for its attributes (DA1), of which 4 is sixel."""
    try:
        import termios
        import tty

        source = sys.stdin.fileno()
        if not sys.stdin.isatty() or not sys.stdout.isatty():
            return False
        before = termios.tcgetattr(source)
    except (ImportError, OSError, ValueError):
        return False
    answer = b""
    try:
        tty.setcbreak(source)
        sys.stdout.write("\x1b[c")
        sys.stdout.flush()
        while not _ATTRIBUTES.search(answer):
            if not select.select([source], [], [], _PATIENCE)[0]:
                break
            answer += os.read(source, 64)
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)
    found = _ATTRIBUTES.search(answer)
    return found is not None and b"4" in found[1].split(b";")[1:]


def _cell_size() -> tuple[int, int]:
    """Return the pixels of a cell, as the terminal says, else as they mostly are."""
    with suppress(ImportError, OSError, ValueError):
        import fcntl
        import struct
        import termios

        size = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        rows, columns, width, height = struct.unpack("HHHH", size)
        if rows and columns and width and height:
            return max(width // columns, 1), max(height // rows, 1)
    return 10, 20
