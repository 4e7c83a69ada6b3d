"""Columns that text takes on a terminal, where some letters take two and some none."""

from __future__ import annotations

import re

from rich.cells import cell_len, set_cell_size

_CODES = re.compile("\x1b\\[[0-9;]*m|\x1b\\]8;;[^\x1b]*\x1b\\\\")
"""Colours and links, which take no room."""


def width_of(text: str) -> int:
    """Return the columns of text without colours or links."""
    return cell_len(text)


def visible_cells(text: str) -> int:
    """Return the columns of a line, less its colours and links."""
    return cell_len(_CODES.sub("", text))


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """Return text with spaces up to a width, which it may have already."""
    space = " " * max(columns - cell_len(text), 0)
    return space + text if right else text + space


def shortened(text: str, columns: int) -> str:
    """Return text of at most so many columns; what was cut off is an ellipsis."""
    if cell_len(text) <= columns:
        return text
    return f"{set_cell_size(text, columns - 1).rstrip()}…" if columns > 1 else "…"[:columns]
