"""Abilities of stdout: its size, colours and links, by the terminal and the environment."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

_NO_LINKS = ("", "dumb", "linux")
"""Values of TERM whose terminals print a link's address, or nothing sensible."""
_CODES = {"bold": "1", "dim": "2", "green": "32"}
"""Colours that can be read on light and on dark; yellow, white and blue cannot on one of them."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """The abilities of an output stream."""

    shows: bool
    """A person looks at it: it is a terminal."""
    colour: bool = False
    links: bool = False
    width: int = 80
    """Columns."""
    height: int = 24
    """Lines."""

    def styled(self, text: str, *styles: str) -> str:
        """Return text in bold, dim or green, where colours are shown."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def linked(self, text: str, uri: str) -> str:
        """Return text that leads to an address (OSC 8), where links are shown."""
        return f"\x1b]8;;{uri}\x1b\\{text}\x1b]8;;\x1b\\" if self.links else text


def terminal_of(stream: TextIO | None = None, environ: Mapping[str, str] | None = None) -> Terminal:
    """Return what a stream can show, by default stdout.

    NO_COLOR takes colours away, CLICOLOR_FORCE brings them into a pipe, and CLICOLOR=0 or
    TERM=dumb leave none on a terminal (no-color.org, bixense.com/clicolors).
    """
    stream, environ = stream or sys.stdout, os.environ if environ is None else environ
    shows, term = stream.isatty(), environ.get("TERM", "")
    size = shutil.get_terminal_size()
    return Terminal(
        shows,
        _has_colour(shows and term not in ("", "dumb"), environ),
        shows and term not in _NO_LINKS,
        max(size.columns, 1),
        size.lines,
    )


def _has_colour(able: bool, environ: Mapping[str, str]) -> bool:
    if environ.get("NO_COLOR"):
        return False
    if environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return able and environ.get("CLICOLOR") != "0"
