"""Pictures whose files end too early: what is there is shown, and a line says what is not.

The kind: a download or a copy that stopped. Rows come one after another in most formats, so what
came before the cut is as good as ever.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.config import Settings
from engine.errors import CorruptMedia
from engine.media import large_png
from engine.media.image import read_frames

NOISE = np.random.default_rng(5).integers(40, 255, (240, 160, 3), np.uint8)
SAVED: dict[str, tuple[str, dict[str, Any]]] = {
    "a.png": ("RGB", {}),
    "palette.png": ("P", {}),
    "clear.png": ("RGBA", {}),
    "grey.png": ("L", {}),
    "deep.png": ("I;16", {}),
    "a.gif": ("P", {"interlace": 0}),
    "a.bmp": ("RGB", {}),
    "a.tga": ("RGB", {}),
    "a.ppm": ("RGB", {}),
    "a.pcx": ("RGB", {}),
    "a.tif": ("RGB", {}),
    "a.qoi": ("RGB", {}),
}


def cut(path: Path, mode: str, share: float, **options: Any) -> Image.Image:
    """Save a picture, keep that share of its bytes, and return the picture that was saved."""
    picture = Image.fromarray(NOISE)
    if mode == "I;16":
        picture = Image.fromarray(NOISE[..., 0].astype(np.uint16) * 257)
    elif mode != "RGB":
        picture = picture.convert(mode)
    picture.save(path, **options)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    return picture


def likeness(shown: Image.Image, rows: slice) -> float:
    """Return the mean error of a picture against rows of the noise, in levels."""
    grey = np.asarray(shown.convert("L"), np.float32)
    true = np.asarray(Image.fromarray(NOISE).convert("L"), np.float32)[rows]
    return float(np.abs(grey - true).mean())


@pytest.mark.parametrize("name", SAVED)
def test_rows_before_the_cut_are_shown(name: str, tmp_path: Path, settings: Settings) -> None:
    mode, options = SAVED[name]
    cut(tmp_path / name, mode, 0.8, **options)
    (frame,) = read_frames(tmp_path / name, settings, 1000)
    rows = frame.image.height
    assert (frame.width, frame.height) == (160, 240) and 180 <= rows < 200
    assert frame.note == f"cut off: {100 * rows // 240} % of it are there"
    from_below = name in ("a.bmp", "a.tga")
    if mode in ("RGB", "RGBA"):  # others hold the noise less exactly
        assert likeness(frame.image, slice(-rows, None) if from_below else slice(rows)) < 1


@pytest.mark.parametrize("name", SAVED)
def test_of_which_not_half_is_there_stays_a_failure(
    name: str, tmp_path: Path, settings: Settings
) -> None:
    mode, options = SAVED[name]
    cut(tmp_path / name, mode, 0.45, **options)
    with pytest.raises(CorruptMedia, match=r"truncated|cut off"):
        list(read_frames(tmp_path / name, settings, 1000))


@pytest.mark.parametrize("suffix", ["webp", "avif", "jp2", "tiff"])
def test_formats_that_come_as_a_whole_say_that_they_were_cut(
    suffix: str, tmp_path: Path, settings: Settings
) -> None:
    options = {"compression": "tiff_lzw"} if suffix == "tiff" else {}  # its directory is its end
    cut(tmp_path / f"a.{suffix}", "RGB", 0.8, **options)
    with pytest.raises(CorruptMedia, match=r"^cut off: [\d,]+ of [\d,]+ bytes are there$"):
        list(read_frames(tmp_path / f"a.{suffix}", settings, 1000))


def test_rows_of_an_interlaced_picture_fill_the_gaps(tmp_path: Path, settings: Settings) -> None:
    cut(tmp_path / "a.gif", "P", 0.8)
    (frame,) = read_frames(tmp_path / "a.gif", settings, 1000)
    assert frame.note == "cut off: its details may be missing"
    assert frame.image.size == (160, 240)
    assert np.asarray(frame.image)[-8:].any(axis=(1, 2)).all()


def test_a_large_png_ends_with_the_rows_that_are_there(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_png, "LARGE", 1000)
    monkeypatch.setattr(large_png, "_STRIP", 100_000)
    picture = cut(tmp_path / "a.png", "RGB", 0.8)
    (frame,) = read_frames(tmp_path / "a.png", settings, 100)
    assert frame.note is not None and re.match("cut off: (7.|80) %", frame.note)
    assert (frame.width, frame.height) == picture.size
    cut(tmp_path / "half.png", "RGB", 0.45)
    with pytest.raises(CorruptMedia, match="truncated"):
        list(read_frames(tmp_path / "half.png", settings, 100))
