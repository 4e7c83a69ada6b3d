"""Pictures as terminals show them: kitty, iTerm2 and sixel graphics, and blocks of colour."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

_CHUNK = 4096
"""Characters of a picture that kitty takes at a time."""
_SIXEL_COLOURS = 255


class Graphics(StrEnum):
    """A way in which terminals show pictures."""

    KITTY = "kitty"
    ITERM = "iterm"
    SIXEL = "sixel"
    BLOCKS = "blocks"
    """Two pixels in each cell, by the colours of letter and ground."""


@dataclass(frozen=True, slots=True)
class Room:
    """The room for a picture on a terminal, which keeps its shape in it."""

    columns: int
    rows: int
    cell: tuple[int, int] = (10, 20)
    """Width and height of a cell in pixels."""
    true_colour: bool = True
    """False for the 256 colours that all terminals have."""

    def cells(self, width: int, height: int) -> tuple[int, int]:
        """Return the columns and rows that a picture of so many pixels fills."""
        across, down = self.columns * self.cell[0], self.rows * self.cell[1]
        scale = min(across / max(width, 1), down / max(height, 1))
        columns = round(width * scale / self.cell[0])
        rows = round(height * scale / self.cell[1])
        return min(max(columns, 1), self.columns), min(max(rows, 1), self.rows)


def encode_picture(jpeg: bytes, graphics: Graphics, room: Room, indent: int = 0) -> str:
    """Return what a terminal must be sent to show a picture.

    Args:
        jpeg: the bytes of the picture, in any format that Pillow reads.
        room: the cells that it may fill.
        indent: spaces to its left.
    """
    from PIL import Image

    with Image.open(BytesIO(jpeg)) as opened:
        picture = opened.convert("RGB")
    columns, rows = room.cells(*picture.size)
    left = " " * indent
    if graphics is Graphics.BLOCKS:
        lines = _blocks(picture.resize((columns, 2 * rows)), room.true_colour)
        return "\n".join(left + line for line in lines)
    if graphics is Graphics.KITTY:
        return left + _kitty(picture, columns, rows)
    if graphics is Graphics.ITERM:
        return left + _iterm(jpeg, columns, rows)
    return left + _sixel(picture.resize((columns * room.cell[0], rows * room.cell[1])))


def _kitty(picture: Image.Image, columns: int, rows: int) -> str:
    """Return a picture by kitty's graphics protocol: a PNG in chunks, sized in cells."""
    png = BytesIO()
    picture.save(png, "PNG")
    data = base64.b64encode(png.getvalue()).decode()
    chunks = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
    first = f"a=T,f=100,q=2,c={columns},r={rows},"
    return "".join(
        f"\x1b_G{'' if place else first}m={int(place < len(chunks) - 1)};{chunk}\x1b\\"
        for place, chunk in enumerate(chunks)
    )


def _iterm(picture: bytes, columns: int, rows: int) -> str:
    """Return a picture by the protocol of iTerm2, which takes any format, sized in cells."""
    facts = f"inline=1;size={len(picture)};width={columns};height={rows};preserveAspectRatio=1"
    return f"\x1b]1337;File={facts}:{base64.b64encode(picture).decode()}\x07"


def _sixel(picture: Image.Image) -> str:
    """Return a picture in sixels: bands of six rows, for each the columns of each colour."""
    indexed = picture.quantize(_SIXEL_COLOURS)
    palette = np.asarray(indexed.getpalette(), np.int64).reshape(-1, 3)
    pixels = np.asarray(indexed)
    height, width = pixels.shape
    colours = "".join(
        f"#{number};2;{r};{g};{b}" for number, (r, g, b) in enumerate(palette * 100 // 255)
    )
    bands = "-".join(_band(pixels[top : top + 6]) for top in range(0, height, 6))
    return f'\x1bP0;1;0q"1;1;{width};{height}{colours}{bands}\x1b\\'


def _band(rows: np.ndarray) -> str:
    bits = (1 << np.arange(len(rows)))[:, None]
    parts = []
    for colour in np.unique(rows):
        sixels = ((rows == colour) * bits).sum(axis=0) + 63
        parts.append(f"#{colour}{''.join(_runs(sixels))}")
    return "$".join(parts)


def _runs(sixels: np.ndarray) -> Iterator[str]:
    """Yield sixels with repeats counted."""
    starts = np.flatnonzero(np.diff(sixels, prepend=-1))
    lengths = np.diff(starts, append=len(sixels))
    for start, length in zip(starts, lengths, strict=True):
        letter = chr(int(sixels[start]))
        yield f"!{length}{letter}" if length > 3 else letter * int(length)


def _blocks(picture: Image.Image, true_colour: bool) -> Iterator[str]:
    """Yield lines of half blocks, each with a pixel above and one below."""
    pixels = np.asarray(picture).astype(int)
    name = _true_colour if true_colour else _nearest_of_256
    for above, below in zip(pixels[::2], pixels[1::2], strict=True):
        cells = (
            f"\x1b[38;{name(top)};48;{name(bottom)}m▀"
            for top, bottom in zip(above, below, strict=True)
        )
        yield f"{''.join(cells)}\x1b[0m"


def _true_colour(pixel: np.ndarray) -> str:
    return "2;{};{};{}".format(*pixel)


def _nearest_of_256(pixel: np.ndarray) -> str:
    """Return a colour of the cube of 6 x 6 x 6 that 256 colours hold."""
    red, green, blue = (int(value) * 5 // 255 for value in pixel + 25)
    return f"5;{16 + 36 * min(red, 5) + 6 * min(green, 5) + min(blue, 5)}"
