"""A PNG of very many pixels is read in strips, and is the same picture."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from engine.config import Settings
from engine.errors import CorruptMedia
from engine.media import large_png
from engine.media.image import ImageFrame, open_picture, read_frames

SIZE = (301, 437)


@pytest.fixture
def in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_png, "LARGE", 1)
    monkeypatch.setattr(large_png, "_STRIP", 20_000)
    monkeypatch.setattr(large_png, "_PART", 1_000)


def picture(mode: str) -> Image.Image:
    """A picture with edges and slopes, for which encoders choose every filter."""
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    rng = np.random.default_rng(1)
    waves = [np.sin(rows / (9 + k)) * np.cos(columns / (7 + k)) * 100 + 128 for k in range(4)]
    planes = np.stack(waves, -1) + rng.normal(0, 4, (*rows.shape, 4))
    planes[100:200, 50:120] = (250, 250, 250, 0)
    rgba = Image.fromarray(planes.clip(0, 255).astype(np.uint8))
    return rgba if mode == "RGBA" else rgba.convert(mode)


def read(path: Path) -> ImageFrame:
    (frame,) = read_frames(path, Settings(), 60)
    return frame


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_it_is_the_same_picture(tmp_path: Path, mode: str, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "a.png"
    picture(mode).save(path)
    whole = read(path)
    request.getfixturevalue("in_strips")
    strips = read(path)
    assert strips.image.size == whole.image.size
    assert np.array_equal(np.asarray(strips.image), np.asarray(whole.image))
    assert (strips.width, strips.height) == SIZE


def test_a_colour_that_is_called_clear_is(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "a.png"
    picture("RGB").save(path, transparency=(250, 250, 250))
    whole = read(path)
    request.getfixturevalue("in_strips")
    assert np.array_equal(np.asarray(read(path).image), np.asarray(whole.image))


@pytest.mark.usefixtures("in_strips")
def test_metadata_are_read_beside_and_behind_the_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    exif, texts = Image.Exif(), PngImagePlugin.PngInfo()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x9003] = exif[0x0132] = "2024:05:06 07:08:09"
    texts.add_itxt("Description", "a heron by the weir")
    picture("RGB").save(path, exif=exif, pnginfo=texts)
    data = path.read_bytes()
    at = data.index(b"eXIf") - 4
    length = 12 + int.from_bytes(data[at : at + 4], "big")
    path.write_bytes(data[:at] + data[at + length : -12] + data[at : at + length] + data[-12:])
    frame = read(path)
    assert (frame.width, frame.height) == SIZE[::-1]
    assert frame.taken_at == "2024-05-06T07:08:09" and frame.caption == "a heron by the weir"


@pytest.mark.usefixtures("in_strips")
def test_one_that_is_cut_or_damaged_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    picture("RGB").save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(CorruptMedia, match="truncated PNG"):
        read(path)
    path.write_bytes(data[:5000] + zlib.compress(b"no pixels") + data[5017:])
    with pytest.raises(CorruptMedia, match="PNG"):
        read(path)


@pytest.mark.usefixtures("in_strips")
@pytest.mark.parametrize("bits", [{"bits": 4}, {"bits": 1}])
def test_what_is_not_read_so_is_read_whole(tmp_path: Path, bits: dict[str, int]) -> None:
    path = tmp_path / "a.png"
    picture("P").save(path, **bits)
    assert read(path).image.size == (61, 88)


def test_metadata_alone_decode_no_pixels(tmp_path: Path) -> None:
    """Metadata behind the pixels are found though the pixels cannot be decoded."""
    path = tmp_path / "a.png"
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("Description", "a heron by the weir")
    picture("RGB").save(path, pnginfo=texts)
    data = path.read_bytes()
    at, end = data.index(b"IDAT") + 4, data.index(b"IEND") - 8
    text = data.index(b"iTXt") - 4
    length = 12 + int.from_bytes(data[text : text + 4], "big")
    body = data[:at] + bytes(end - at) + data[end:-12] + data[text : text + length] + data[-12:]
    path.write_bytes(body)
    with open_picture(path) as facts:
        assert facts.size == (1, 1) and facts.info["Description"] == "a heron by the weir"
