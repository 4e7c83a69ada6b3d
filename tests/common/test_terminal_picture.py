"""Pictures for terminals hold the picture: each way is read back, as a terminal reads it."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from engine.common.terminal_picture import Graphics, Room, encode_picture

ROOM = Room(columns=20, rows=5)
CORNERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255))


@pytest.fixture
def jpeg() -> bytes:
    """Red and green above blue and white, twice as wide as high."""
    picture = Image.new("RGB", (160, 80))
    for place, colour in enumerate(CORNERS):
        picture.paste(colour, (80 * (place % 2), 40 * (place // 2), 80 * (place % 2 + 1), 80))
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def corners(picture: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """Return the colours in the middle of each quarter."""
    high, wide = picture.shape[0] // 4, picture.shape[1] // 4
    places = ((high, wide), (high, 3 * wide), (3 * high, wide), (3 * high, 3 * wide))
    return tuple(tuple(int(value) for value in picture[place]) for place in places)


def sixel_pixels(text: str) -> np.ndarray:
    """Decode a picture in sixels."""
    size = re.search(r'"1;1;(\d+);(\d+)', text)
    assert size is not None
    picture = np.zeros((int(size[2]), int(size[1]), 3), int)
    body = text[size.end() : text.index("\x1b\\")]
    palette: dict[int, tuple[int, ...]] = {}
    colour = top = left = 0
    for part in re.finditer(r"#(\d+)(;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])", body):
        if part[1]:
            colour = int(part[1])
            if part[2]:
                palette[colour] = tuple(round(int(value) * 2.55) for value in part.group(3, 4, 5))
        elif part[9]:
            left, top = 0, top + 6 * (part[9] == "-")
        else:
            count, letter = int(part[6] or 1), part[7] or part[8]
            for bit in range(6):
                if ord(letter) - 63 >> bit & 1:
                    picture[top + bit, left : left + count] = palette[colour]
            left += count
    return picture


def test_sixels_are_the_picture(jpeg):
    text = encode_picture(jpeg, Graphics.SIXEL, ROOM, indent=3)
    assert text.startswith("   \x1bP0;1;0q")
    picture = sixel_pixels(text)
    assert picture.shape == (100, 200, 3), "in pixels, as large as its cells"
    assert corners(picture) == CORNERS


def test_kitty_gets_a_png_in_chunks(jpeg):
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3)).astype(np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).save(data, "PNG")
    text = encode_picture(data.getvalue(), Graphics.KITTY, ROOM)
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert "".join(f"\x1b_G{keys};{part}\x1b\\" for keys, part in chunks) == text
    assert chunks[0][0] == "a=T,f=100,q=2,c=15,r=5,m=1"
    assert {keys for keys, _ in chunks[1:-1]} == {"m=1"}
    assert chunks[-1][0] == "m=0"
    assert all(len(part) <= 4096 for _, part in chunks)
    png = base64.b64decode("".join(part for _, part in chunks))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png))), noise)


def test_iterm_gets_the_file(jpeg):
    text = encode_picture(jpeg, Graphics.ITERM, ROOM)
    facts, _, data = text.removeprefix("\x1b]1337;File=").removesuffix("\x07").partition(":")
    assert base64.b64decode(data) == jpeg
    assert f"size={len(jpeg)};width=20;height=5" in facts


@pytest.mark.parametrize("deep", [True, False])
def test_blocks_have_a_pixel_above_and_below(jpeg, deep):
    room = Room(20, 5, true_colour=deep)
    lines = encode_picture(jpeg, Graphics.BLOCKS, room).split("\n")
    assert len(lines) == 5
    assert all(line.count("▀") == 20 and line.endswith("\x1b[0m") for line in lines)
    first, last = lines[0].split("▀")[2], lines[-1].split("▀")[-3]
    assert first == ("\x1b[38;2;255;0;0;48;2;255;0;0m" if deep else "\x1b[38;5;196;48;5;196m")
    white = "\x1b[38;2;255;255;255;48;2;255;255;255m"
    assert last == (white if deep else "\x1b[38;5;231;48;5;231m")


@pytest.mark.parametrize(
    ("size", "cells"), [((400, 10), (20, 1)), ((10, 400), (1, 5)), ((1, 1), (10, 5))]
)
def test_a_picture_keeps_its_shape(size, cells):
    assert ROOM.cells(*size) == cells
