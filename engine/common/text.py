"""Names of files and times as they stand in messages and tables."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Characters that end a line, drive a terminal or turn the order of letters around."""
_UNDECODED = re.compile("[\ud800-\udfff]")
"""Bytes of a name that are no UTF-8."""


def printable(path: str) -> str:
    """Return the path for a message on one line."""
    return "".join(c if c.isprintable() else "\ufffd" for c in path)


def file_name(path: str) -> str:
    """Return the path for a line that scripts read: as it is, or else as a JSON string.

    Paths are absolute, so one that begins with a quote is such a string. Bytes that
    are no UTF-8 go into a pipe as they are, and to a terminal escaped as well.
    """
    if _UNSAFE.search(path) or (sys.stdout.isatty() and _UNDECODED.search(path)):
        return json.dumps(path).replace("\x7f", "\\u007f")
    return path


def counted(count: int, noun: str, nouns: str = "") -> str:
    """Return a count with its noun: "1 line", "2 lines".

    Args:
        noun: of one, which may have words behind it that stay: "line said".
        nouns: of several, where an s does not make it.
    """
    first, _, rest = noun.partition(" ")
    return f"{count:,} {noun if count == 1 else nouns or f'{first}s {rest}'.rstrip()}"


def clock(seconds: float) -> str:
    """Return seconds as m:ss, and as h:mm:ss past an hour."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def time_span(start: float | None, end: float | None) -> str:
    """Return ``1:05`` or ``1:05-1:20`` for seconds, and a dash where there is no time."""
    if start is None:
        return "-"
    if end is None or end - start < 1:
        return clock(start)
    return f"{clock(start)}-{clock(end)}"


def aligned(rows: Sequence[tuple[str, ...]], right: frozenset[int] = frozenset()) -> list[str]:
    """Return rows as lines whose columns line up.

    Args:
        right: the columns, counted from 0, that are aligned to the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
