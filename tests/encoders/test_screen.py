"""The screen bridge on drawn texts, on photographs, and on what no text has room in."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.encoders import registry
from engine.encoders import screen as bridge
from engine.encoders.screen import RapidScreen, is_text, parts, tiles
from engine.errors import EncoderUnavailable, ExtraMissing

pytest.importorskip("rapidocr")
skimage = pytest.importorskip("skimage")

PHOTOS = Path(skimage.__file__).parent / "data"
LETTER = [
    "Dear Sir or Madam, thank you for your letter of the third of March.",
    "We regret that the delivery of the garden furniture is late,",
    "and hope that the lamps have arrived at the harbour by now.",
]


@pytest.fixture(scope="module")
def screen(settings):
    return RapidScreen(settings)


def drawn(size, lines, height, at=(20, 20), ink="black", paper="white"):
    image = Image.new("RGB", size, paper)
    pen = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        place = at[0], at[1] + round(1.4 * height * row)
        pen.text(place, line, ink, ImageFont.load_default(height))
    return image


def photo(name):
    with Image.open(PHOTOS / name) as image:
        return image.convert("RGB")


def test_a_title_card_is_read(screen):
    card = drawn((1280, 720), ["The quarterly report"], 72, (300, 300), "white", "black")
    assert screen.read(card) == ["The quarterly report"]


def test_small_lines_of_a_screen_are_read_in_their_order(screen):
    assert screen.read(drawn((1920, 1080), LETTER, 20)) == [" ".join(LETTER)]


def test_a_scanned_page_is_read_in_parts(screen):
    read = screen.read(photo("page.png"))
    assert len(read) == 2 and all(len(part) <= 280 for part in read)
    assert read[0].startswith("Region-based segmentation Let us first determine markers")


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png"])
def test_a_photograph_without_text_has_none(screen, name):
    assert not screen.read(photo(name))


def test_noise_has_no_text(screen):
    noise = np.random.default_rng(0).integers(0, 256, (360, 480, 3), np.uint8)
    assert not screen.read(Image.fromarray(noise))


@pytest.mark.parametrize("size", [(1, 1), (5000, 20), (13, 900), (11, 4000), (480, 12)])
def test_a_picture_without_room_for_a_line_has_no_text(screen, size):
    assert not screen.read(Image.new("RGB", size, "white"))


def test_every_line_of_a_long_page_is_read_once(screen):
    lines = [f"item {number} of the list" for number in range(30)]
    page = drawn((220, 900), lines, 20, (10, 10))
    assert len(list(tiles(page))) == 3
    assert " ".join(screen.read(page)) == " ".join(lines)


def test_pictures_are_read_alike_at_once_and_one_by_one(screen, settings):
    pages = [drawn((640, 120), [line, line[::-1]], 20) for line in LETTER]
    one_by_one = [screen.read(page) for page in pages]
    fresh = RapidScreen(settings)  # whose models two threads find missing at once
    with ThreadPoolExecutor(2) as pool:
        at_once = list(pool.map(fresh.read, pages))
    assert at_once == one_by_one
    assert all(line in text[0] for line, text in zip(LETTER, one_by_one, strict=True))


def test_reading_is_quiet_goes_online_for_nothing_and_needs_no_torch():
    program = """
import socket, sys
def offline(*_): raise OSError("went online")
socket.socket.connect = socket.getaddrinfo = offline
from PIL import Image, ImageDraw, ImageFont
from engine.config import Settings
from engine.encoders.screen import RapidScreen
image = Image.new("RGB", (320, 80), "white")
ImageDraw.Draw(image).text((20, 20), "Hello there", "black", ImageFont.load_default(30))
assert RapidScreen(Settings.from_env()).read(image) == ["Hello there"]
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- what is not installed


def test_without_rapidocr_the_extra_is_named(monkeypatch, settings):
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(ExtraMissing, match=r"sensorium\[ocr\]"):
        RapidScreen(settings).read(Image.new("RGB", (64, 64)))


def test_other_models_are_refused(monkeypatch, settings):
    other = dataclasses.replace(bridge.PADDLE_OCR[1], sha256="0" * 64)
    monkeypatch.setattr(bridge, "PADDLE_OCR", (bridge.PADDLE_OCR[0], other))
    with pytest.raises(EncoderUnavailable, match="rapidocr"):
        RapidScreen(settings).read(Image.new("RGB", (64, 64)))


def test_text_is_read_where_it_is_wanted_and_the_extra_is_there(settings, monkeypatch):
    settings = dataclasses.replace(settings, ocr=True)
    towers = registry.towers("compact", settings)
    assert towers.screen is not None
    without = registry.towers("compact", dataclasses.replace(settings, ocr=False))
    assert without.screen is None
    assert without.image_size == towers.image_size == towers.encoder.image_size
    assert without.spaces == towers.spaces
    missing = dataclasses.replace(bridge.PADDLE_OCR[0], file="models/other.onnx")
    monkeypatch.setattr("engine.encoders.weight_files.PADDLE_OCR", (missing,))
    assert registry.towers("compact", settings).screen is None


# --- rules


@pytest.mark.parametrize(
    "size", [(375, 500), (1080, 1920), (1440, 720), (31, 33), (17, 300), (500, 12)]
)
def test_a_picture_is_prepared_as_the_package_does_it(screen, size):
    from rapidocr.ch_ppocr_det.utils import DetPreProcess

    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    theirs = DetPreProcess(736, "max", [0.5] * 3, [0.5] * 3)(pixels)
    ours = screen._reader.text_det.get_preprocess()(pixels)
    assert (theirs is None) is (ours is None) is (size[1] == 12)
    assert ours is None or np.array_equal(theirs, ours)


@pytest.mark.parametrize(
    ("line", "sure", "text"),
    [
        ("EXIT", 0.95, True),
        ("EXIT", 0.7, False),
        ("I", 1.0, False),
        ("- .", 1.0, False),
        ("7b", 0.8, True),
    ],
)
def test_a_pattern_that_looks_like_text_is_none(line, sure, text):
    assert is_text(line, sure) is text


@pytest.mark.parametrize("size", [(300, 200), (200, 400), (200, 401), (100, 1999), (10, 1000)])
def test_pieces_hold_every_row_once(size):
    pieces = list(tiles(Image.new("RGB", size)))
    assert (pieces[0].start, pieces[0].top) == (0, 0)
    assert all(a.end == b.start for a, b in pairwise(pieces))
    assert all(0 <= p.top <= p.start < p.end <= p.bottom <= size[1] for p in pieces)
    assert pieces[-1].end == min(size[1], 32 * size[0])  # 16 pieces, twice as high as wide
    assert (len(pieces) > 1) is (size[1] > 2 * size[0])


def test_lines_are_joined_into_parts_of_about_one_length():
    assert parts([]) == []
    assert parts(["one", "two"]) == ["one two"]
    assert parts(["x" * 400, "y"]) == ["x" * 400, "y"]
    lines = [f"{number:02d}".ljust(70, "x") for number in range(9)]
    joined = parts(lines)
    assert [len(part) for part in joined] == [212, 212, 212]
    assert " ".join(joined).split() == lines
