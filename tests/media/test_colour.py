"""The kind: a picture is decoded to the colours that its file says, and to what can be seen.

Profiles, high dynamic range, transparency and orientation of every type of picture that
carries them; a picture that says nothing of its colours keeps its pixels bit for bit.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.config import Settings
from engine.media import hdr
from engine.media.hdr import ColourCode
from engine.media.image import ImageFrame, read_frames

from . import profiles
from .makers import GREEN, RED, WHITE, corner_colours, corners

SAVED = {"jpg": {"quality": 95}, "png": {}, "webp": {"lossless": True}, "tiff": {}}


def only(path: Path, min_side: int = 64) -> ImageFrame:
    (frame,) = read_frames(path, Settings(), min_side)
    return frame


def middle(frame: ImageFrame) -> tuple[int, int, int]:
    pixel: Any = frame.image.getpixel((frame.image.width // 2, frame.image.height // 2))
    return pixel


def near(pixel: tuple[int, ...], wanted: tuple[int, ...], off: int = 12) -> bool:
    return max(abs(a - b) for a, b in zip(pixel, wanted, strict=True)) <= off


# --- profiles ---------------------------------------------------------------------


@pytest.mark.parametrize("size", [(60, 40), (900, 600)])
@pytest.mark.parametrize("suffix", SAVED)
def test_a_profile_is_applied(tmp_path: Path, suffix: str, size: tuple[int, int]) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", size, RED).save(path, icc_profile=profiles.exchanged(), **SAVED[suffix])
    pixel = middle(only(path))
    assert pixel[1] > 200 and pixel[0] < 80


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_a_profile_beside_transparency_and_palettes(tmp_path: Path, mode: str) -> None:
    picture = Image.new("RGBA", (40, 40), (*RED, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 10, 40))
    shown = picture if mode == "RGBA" else picture.convert("RGB").convert("P")
    shown.save(tmp_path / "a.png", icc_profile=profiles.exchanged())
    frame = only(tmp_path / "a.png")
    assert middle(frame)[1] > 200 and middle(frame)[0] < 80
    if mode == "RGBA":
        assert frame.image.getpixel((2, 20)) == WHITE


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_profile(tmp_path: Path, mode: str) -> None:
    Image.new("L", (40, 40), 100).convert(mode).save(
        tmp_path / "a.png", icc_profile=profiles.grey(1.0)
    )
    assert near(middle(only(tmp_path / "a.png")), (168, 168, 168), 3)  # 100 / 255 of the light


def test_a_profile_of_inks(tmp_path: Path) -> None:
    picture = Image.new("CMYK", (40, 40), (255, 0, 0, 0))
    for suffix in ("jpg", "tiff"):
        path = tmp_path / f"a.{suffix}"
        picture.save(path, icc_profile=profiles.inks())
        red, green, blue = middle(only(path))
        assert red > 200 and green < 90 and blue < 90, suffix
        picture.save(path)
        assert middle(only(path))[0] < 40  # cyan, without a profile


@pytest.mark.parametrize(
    "profile",
    [b"", b"no profile", bytes(500), profiles.srgb(), profiles.srgb()[:300], profiles.inks(),
     profiles.grey(1.0), profiles.exchanged()[:132] + bytes(400)],
)  # fmt: skip
def test_bad_and_needless_profiles_change_nothing(tmp_path: Path, profile: bytes) -> None:
    picture = corners()
    picture.save(tmp_path / "a.png", icc_profile=profile)
    assert only(tmp_path / "a.png").image.tobytes() == picture.tobytes()


def test_a_picture_without_a_profile_keeps_its_bits(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (120, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    assert np.array_equal(np.asarray(only(tmp_path / "a.png", 90).image), noise)


# --- high dynamic range -------------------------------------------------------------


def hdr_signal(picture: Image.Image, transfer: int) -> np.ndarray[Any, Any]:
    """An sRGB picture as PQ or HLG of BT.2020, its white at 203 nits, (h, w, 3) in [0, 1]."""
    shown = np.asarray(picture, np.float64) / 255
    light = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    nits = 203 * light @ np.linalg.inv(np.array(hdr._TO_BT709[9])).T
    if transfer == 16:
        powered = (np.clip(nits, 0, None) / 10000) ** (2610 / 16384)
        return ((0.8359375 + 18.8515625 * powered) / (1 + 18.6875 * powered)) ** 78.84375
    y = np.maximum(nits @ np.array((0.2627, 0.678, 0.0593)) / 1000, 1e-9)[..., None]
    scene = np.clip(nits, 0, None) / 1000 * y ** (1 / 1.2 - 1)
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)


def scene() -> Image.Image:
    ramp = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
    ramp.paste(corners(32, 24), (16, 12))
    return ramp


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_what_it_was_made_of(transfer: int) -> None:
    samples = np.rint(hdr_signal(scene(), transfer) * 65535).astype(np.uint16)
    shown = hdr.tone_mapped(samples, 65535, ColourCode(9, transfer))
    assert np.abs(shown.astype(int) - np.asarray(scene(), int)).max() <= 4


def test_what_is_brighter_than_white_is_compressed_and_keeps_its_order() -> None:
    nits = np.array([1, 50, 100, 203, 400, 1000, 4000], np.float64)
    signal = hdr._nits_to_pq(nits.astype(np.float32))
    grey = np.repeat(np.rint(signal * 65535).astype(np.uint16)[None, :, None], 3, axis=2)
    shown = hdr.tone_mapped(grey, 65535, ColourCode(9, 16))[0, :, 0].astype(int)
    assert (np.diff(shown) > 0).all() and shown[-1] >= 250 and shown[1] > 100


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_in_files(tmp_path: Path, transfer: int) -> None:
    samples = Image.fromarray(np.rint(hdr_signal(corners(), transfer) * 255).astype(np.uint8))
    samples.save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    body = b"cICP" + bytes((9, transfer, 0, 1))
    chunk = struct.pack(">I", 4) + body + struct.pack(">I", zlib.crc32(body))
    (tmp_path / "a.png").write_bytes(data[:33] + chunk + data[33:])
    samples.resize((64, 64)).save(tmp_path / "a.avif", quality=95)
    data = bytearray((tmp_path / "a.avif").read_bytes())
    at = data.index(b"colrnclx") + 8
    data[at : at + 4] = struct.pack(">HH", 9, transfer)
    (tmp_path / "a.avif").write_bytes(data)
    for name in ("a.png", "a.avif"):
        assert near(only(tmp_path / name).image.getpixel((5, 5)), RED, 25), name
        assert corner_colours(only(tmp_path / name).image)[0] == RED


# --- transparency -------------------------------------------------------------------


def drawn(colour: tuple[int, int, int], clear: int = 0) -> Image.Image:
    picture = Image.new("RGBA", (200, 120), (clear, clear, clear, 0))
    ImageDraw.Draw(picture).ellipse((40, 20, 120, 100), fill=(*colour, 255))
    ImageDraw.Draw(picture).text((130, 50), "ACME", fill=(*colour, 255))
    return picture


@pytest.mark.parametrize("colour", [(255, 255, 255), (250, 250, 240), (236, 236, 236)])
@pytest.mark.parametrize("suffix", ["png", "webp", "tiff"])
def test_white_on_nothing_is_seen(tmp_path: Path, colour: Any, suffix: str) -> None:
    drawn(colour, clear=255).save(tmp_path / f"a.{suffix}", **SAVED[suffix])
    shown = only(tmp_path / f"a.{suffix}", 200).image
    assert shown.getpixel((5, 5)) == (0, 0, 0) and near(shown.getpixel((80, 60)), colour, 3)


def test_different_white_logos_differ(tmp_path: Path) -> None:
    drawn((255, 255, 255)).save(tmp_path / "a.png")
    drawn((255, 255, 255)).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "b.png")
    shown = [
        np.asarray(only(tmp_path / n).image.resize((32, 32)), float) for n in ("a.png", "b.png")
    ]
    assert np.abs(shown[0] - shown[1]).mean() > 20


def test_white_with_a_little_colour_is_seen(tmp_path: Path) -> None:
    picture = drawn((255, 255, 255))
    picture.paste((*RED, 255), (70, 50, 90, 70))
    picture.save(tmp_path / "a.png")
    assert only(tmp_path / "a.png").image.getpixel((2, 2)) == (0, 0, 0)


@pytest.mark.parametrize("colour", [RED, GREEN, (0, 0, 0), (128, 128, 128), (200, 200, 60)])
def test_what_has_contrast_stays_over_white_bit_for_bit(tmp_path: Path, colour: Any) -> None:
    picture = drawn(colour)
    picture.save(tmp_path / "a.png")
    white = Image.new("RGB", picture.size, WHITE)
    white.paste(picture, mask=picture.getchannel("A"))
    assert only(tmp_path / "a.png", 200).image.tobytes() == white.tobytes()


def test_a_bright_photograph_with_clear_corners_stays_over_white(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).convert("RGBA")
    for box in ((0, 0, 10, 10), (90, 90, 100, 100)):
        picture.paste((0, 0, 0, 0), box)
    picture.save(tmp_path / "a.png")
    assert only(tmp_path / "a.png", 100).image.getpixel((2, 2)) == WHITE


@pytest.mark.parametrize(("bits", "clear"), [(16, 2560), (8, 10), (4, 3), (2, 1)])
def test_a_grey_level_that_is_transparent(tmp_path: Path, bits: int, clear: int) -> None:
    top = 2**bits - 1
    rows = [[clear] * 8 + [top * 2 // 3] * 8 for _ in range(16)]
    packed = b"".join(b"\0" + pack(row, bits) for row in rows)
    head = struct.pack(">IIBBBBB", 16, 16, bits, 0, 0, 0, 0)
    write_png(tmp_path / "a.png", head, packed, struct.pack(">H", clear))
    shown = only(tmp_path / "a.png").image
    assert shown.getpixel((3, 8)) == WHITE
    assert near(shown.getpixel((12, 8)), (round(255 * (top * 2 // 3) / top),) * 3, 2)


def test_a_colour_of_sixteen_bits_that_is_transparent(tmp_path: Path) -> None:
    clear, shown = (0x1234, 0x8000, 0x0100), (0x8000, 0, 0)
    rows = b"".join(b"\0" + struct.pack(">24H", *clear * 4, *shown * 4) for _ in range(8))
    head = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
    write_png(tmp_path / "a.png", head, rows, struct.pack(">3H", *clear))
    image = only(tmp_path / "a.png").image
    assert image.getpixel((1, 4)) == WHITE and near(image.getpixel((6, 4)), (128, 0, 0), 1)


def pack(row: list[int], bits: int) -> bytes:
    if bits == 16:
        return struct.pack(f">{len(row)}H", *row)
    number = 0
    for value in row:
        number = number << bits | value
    return number.to_bytes(len(row) * bits // 8, "big")


def write_png(path: Path, head: bytes, rows: bytes, clear: bytes) -> None:
    chunks = [(b"IHDR", head), (b"tRNS", clear), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


# --- orientation ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "count", "value"),
    [(1, 1, b"\6\0\0\0"), (3, 1, b"\6\0\0\0"), (4, 1, b"\6\0\0\0"), (2, 2, b"6\0\0\0"),
     (7, 1, b"\6\0\0\0"), (6, 1, b"\6\0\0\0"), (8, 1, b"\6\0\0\0"), (9, 1, b"\6\0\0\0"),
     (3, 2, b"\6\0\0\0"), (7, 2, b"\6\0\0\0")],
)  # fmt: skip
def test_orientation_of_every_type(tmp_path: Path, kind: int, count: int, value: bytes) -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHI", 274, kind, count) + value + bytes(4)
    corners().transpose(Image.Transpose.ROTATE_90).save(tmp_path / "a.jpg", exif=exif, quality=95)
    frame = only(tmp_path / "a.jpg")
    assert corner_colours(frame.image)[0] == RED and (frame.width, frame.height) == (60, 40)


@pytest.mark.parametrize("value", [b"\0\0\0\0", b"\x09\0\0\0", b"x\0\0\0", b"\xff\xff\0\0"])
def test_odd_orientations_turn_nothing(tmp_path: Path, value: bytes) -> None:
    for kind in (1, 2, 3, 4, 7):
        exif = b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHI", 274, kind, 1) + value + bytes(4)
        corners().save(tmp_path / "a.jpg", exif=exif, quality=95)
        assert only(tmp_path / "a.jpg").image.size == (60, 40)
