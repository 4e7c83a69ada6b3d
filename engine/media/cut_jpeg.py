"""JPEGs that end too early: those that lack only their end marker, and those that were cut.

libjpeg shows what came before; where nothing came it leaves mid grey, which is no content
and is cut off. Of a picture of which not more than half is there, too little is known to
say what it shows: it stays a failure.
"""

from __future__ import annotations

import io
from typing import BinaryIO

import numpy as np
from PIL import Image

_END = b"\xff\xd9"
_UNDECODED = 128
"""The level of every channel where libjpeg had no data."""
_LEAST = 0.5
"""Part of the rows that must be more than there."""
_BLOCK_ROWS = 16
"""Rows of a block, the last of which may be there in part only."""
_ROWS = 64
FORMATS = ("JPEG", "MPO")


def is_cut(error: BaseException, format_name: str) -> bool:
    """Tell whether an exception of Pillow says that a JPEG ended too early."""
    return format_name in FORMATS and "truncated" in str(error).lower()


def with_end(stream: BinaryIO) -> io.BytesIO:
    """Return the file with an end marker behind it."""
    stream.seek(0)
    return io.BytesIO(stream.read() + _END)


def what_is_there(image: Image.Image) -> tuple[Image.Image, str | None] | None:
    """Return the rows that were decoded, and a line about those that are missing.

    None where not more than half of them are there; the line is None where all are.
    """
    rows = _decoded_rows(image)
    if rows < image.height and rows - _BLOCK_ROWS <= _LEAST * image.height:
        return None
    if rows < image.height:
        share = 100 * rows // image.height
        return image.crop((0, 0, image.width, rows)), f"cut off: {share} % of it are there"
    if image.info.get("progressive"):
        return image, "cut off: its details may be missing"
    return image, None


def _decoded_rows(image: Image.Image) -> int:
    """Return how many rows there are before the last ones that are all undecoded."""
    bottom = image.height
    while bottom > 0:
        top = max(0, bottom - _ROWS)
        rows = np.asarray(image.crop((0, top, image.width, bottom)))
        shown = np.flatnonzero((rows != _UNDECODED).reshape(len(rows), -1).any(axis=1))
        if len(shown):
            return top + int(shown[-1]) + 1
        bottom = top
    return 0
