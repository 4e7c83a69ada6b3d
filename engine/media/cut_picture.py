"""Pictures that end too early: JPEGs that lack only their end marker, and those that were cut.

Decoders show what came before the cut, and leave the rest as it was before: mid grey in a JPEG,
zeros elsewhere. That is no content, and is cut off. Of a picture of which not more than half is
there, too little is known to say what it shows: it stays a failure.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

_END = b"\xff\xd9"
_JPEGS = ("JPEG", "MPO")
_BY_ROWS = ("PNG", "GIF", "BMP", "DIB", "TIFF", "PPM", "TGA", "PCX", "QOI")
"""Formats whose decoders in Pillow keep the rows that they have decoded when one fails."""
_FROM_BELOW = ("BMP", "DIB", "TGA")
"""Formats whose last row usually comes first."""
_UNDECODED = 128
"""The level of every channel where libjpeg had no data."""
_LEAST = 0.5
"""Part of the rows that must be more than there."""
_BLOCK_ROWS = 16
"""Rows of a block, the last of which may be there in part only."""
_ROWS = 64

Shown = tuple[Image.Image, str | None]


def ends_too_early(error: BaseException) -> bool:
    """Tell whether an exception of Pillow says that a file ends before its picture."""
    return any(words in str(error).lower() for words in ("truncated", "not enough image"))


def is_cut(error: BaseException, format_name: str) -> bool:
    """Tell whether an exception says that a picture ended whose rows before that are there."""
    return ends_too_early(error) and (format_name in _JPEGS or format_name in _BY_ROWS)


def is_jpeg(format_name: str) -> bool:
    """Tell whether a file of this format is read anew, with an end marker behind it."""
    return format_name in _JPEGS


def with_end(stream: BinaryIO) -> ImageFile.ImageFile:
    """Open a JPEG with an end marker behind it."""
    stream.seek(0)
    return Image.open(io.BytesIO(stream.read() + _END), formats=_JPEGS)


def rows_of_jpeg(image: Image.Image) -> Shown | None:
    """Return the rows that were decoded, and a line about those that are missing.

    None where not more than half of them are there; the line is None where all are.
    """
    decoded = np.flatnonzero(_rows_unlike(image, _UNDECODED))
    rows = int(decoded[-1]) + 1 if len(decoded) else 0
    if not is_most(rows, image.height):
        return None
    if rows < image.height:
        return image.crop((0, 0, image.width, rows)), note_of(rows, image.height)
    if image.info.get("progressive"):
        return image, "cut off: its details may be missing"
    return image, None


def rows_before_the_cut(image: ImageFile.ImageFile, *, interlaced: bool) -> Shown | None:
    """Return what Pillow had decoded when it met the end, and a line about it.

    None where not more than half of the rows are there.
    """
    image.tile = []  # what is decoded counts as all there is
    image.load()
    decoded = _rows_unlike(image, 0)
    if interlaced:
        if not decoded[1::2].any():  # the last pass, which has half of the bytes
            return None
        _fill_odd_rows(image, decoded)
        return image.copy(), "cut off: its details may be missing"
    there = np.flatnonzero(decoded)
    if not len(there):
        return None
    top = int(there[0]) if image.format in _FROM_BELOW else 0
    rows = int(there[-1]) + 1 - top
    if not is_most(rows, image.height):
        return None
    return image.crop((0, top, image.width, top + rows)), note_of(rows, image.height)


def is_interlaced(image: ImageFile.ImageFile) -> bool:
    """Tell whether the rows of a PNG or a GIF come in several passes; before it is loaded."""
    if image.format == "GIF" and image.tile:
        arguments = image.tile[0][3]  # the bits of a sample, whether it is interlaced, and more
        return isinstance(arguments, tuple) and bool(arguments[1])
    return bool(image.info.get("interlace"))


def is_most(rows: int, height: int) -> bool:
    """Tell whether enough rows are there for the picture to say what it shows."""
    return rows >= height or rows - _BLOCK_ROWS > _LEAST * height


def note_of(rows: int, height: int) -> str:
    """Return the line about a picture of which some rows are missing."""
    return f"cut off: {100 * rows // height} % of it are there"


def _rows_unlike(image: Image.Image, level: int) -> NDArray[np.bool_]:
    """Return which rows have a sample that is not of this level."""
    found = np.zeros(image.height, bool)
    for top in range(0, image.height, _ROWS):
        bottom = min(top + _ROWS, image.height)
        rows = np.asarray(image.crop((0, top, image.width, bottom)))
        found[top:bottom] = (rows != level).reshape(len(rows), -1).any(axis=1)
    return found


def _fill_odd_rows(image: Image.Image, decoded: NDArray[np.bool_]) -> None:
    """Give the rows that the last pass did not reach what stands above them."""
    for row in range(1, image.height, 2):
        if not decoded[row]:
            image.paste(image.crop((0, row - 1, image.width, row)), (0, row))


def missing_bytes(stream: BinaryIO) -> str | None:
    """Return a line about the bytes that a file lacks by its own words; None where it says none.

    WebP, AVIF, HEIC and JPEG 2000 say how long they are, a TIFF where its directory stands.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    head = stream.read(16)
    if head[:4] == b"RIFF" and len(head) >= 8:
        whole = 8 + int.from_bytes(head[4:8], "little")
    elif head[4:8] in (b"ftyp", b"jP  "):
        whole = _end_of_boxes(stream, size)
    elif head[:4] in (b"II*\0", b"MM\0*") and len(head) >= 8:
        whole = 2 + int.from_bytes(head[4:8], "little" if head[:1] == b"I" else "big")
    else:
        return None
    return f"cut off: {size:,} of {whole:,} bytes are there" if size < whole else None


def _end_of_boxes(stream: BinaryIO, size: int) -> int:
    """Return where the last box of a file ends, within the file or behind it."""
    at = 0
    while at + 8 <= size:
        stream.seek(at)
        head = stream.read(16)
        (length,) = struct.unpack(">I", head[:4])
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack(">Q", head[8:])
        if length < 8:  # a box of 0 goes on to the end of the file; others are damage
            break
        at += length
    return at
