"""Every kind of picture becomes an upright RGB frame, or one clear line."""

from __future__ import annotations

import dataclasses
import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from engine.config import Settings
from engine.errors import (
    CorruptMedia,
    EmptyMedia,
    MediaTooLarge,
    UnreadableMedia,
    UnsupportedMedia,
)
from engine.media.image import ImageFrame, read_frames, spread

from . import makers
from .makers import BLUE, GREEN, RED, UPRIGHT, WHITE, corner_colours, corners


def only(path: Path, settings: Settings, min_side: int = 64) -> ImageFrame:
    frames = list(read_frames(path, settings, min_side))
    assert len(frames) == 1
    assert frames[0].image.mode == "RGB"
    return frames[0]


def save(path: Path, picture: Image.Image, **options: object) -> Path:
    picture.save(path, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tiff", "gif", "avif"])
def test_formats(tmp_path: Path, settings: Settings, suffix: str) -> None:
    frame = only(save(tmp_path / f"a.{suffix}", corners()), settings)
    assert corner_colours(frame.image) == UPRIGHT
    assert (frame.width, frame.height, frame.ordinal) == (60, 40, 0)


def test_heic(tmp_path: Path, settings: Settings) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "a.heic"
    heif.from_pillow(corners(128, 96)).save(path, quality=90)
    frame = only(path, settings)
    assert corner_colours(frame.image) == UPRIGHT
    assert (frame.width, frame.height) == (128, 96)


TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(tmp_path: Path, settings: Settings, orientation: int, suffix: str) -> None:
    turn = TURNS[orientation]
    stored = corners(600, 400) if turn is None else corners(600, 400).transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    frame = only(save(tmp_path / f"a.{suffix}", stored, exif=exif), settings)
    assert corner_colours(frame.image) == UPRIGHT
    assert (frame.width, frame.height) == (600, 400)


def test_taken_at_prefers_the_original_date(tmp_path: Path, settings: Settings) -> None:
    exif = Image.Exif()
    exif[0x0132] = "2021:01:01 00:00:00"
    exif.get_ifd(0x8769)[0x9003] = "2019:07:14 18:30:05"
    assert only(save(tmp_path / "a.jpg", corners(), exif=exif), settings).taken_at == (
        "2019-07-14T18:30:05"
    )


@pytest.mark.parametrize("stamp", ["0000:00:00 00:00:00", "    :  :     :  :  ", "yesterday"])
def test_unset_dates_are_none(tmp_path: Path, settings: Settings, stamp: str) -> None:
    exif = Image.Exif()
    exif[0x0132] = stamp
    assert only(save(tmp_path / "a.jpg", corners(), exif=exif), settings).taken_at is None


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.jpg", "CMYK"), ("a.tiff", "CMYK"), ("a.tiff", "LAB"), ("a.tiff", "YCbCr"),
     ("a.png", "P"), ("a.png", "RGBA"), ("a.gif", "P")],
)  # fmt: skip
def test_colours_survive_their_mode(
    tmp_path: Path, settings: Settings, name: str, mode: str
) -> None:
    frame = only(save(tmp_path / name, corners().convert(mode)), settings)
    assert corner_colours(frame.image) == UPRIGHT


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_modes(tmp_path: Path, settings: Settings, mode: str) -> None:
    picture = Image.new("L", (20, 20), 255).convert(mode)
    assert only(save(tmp_path / "a.png", picture), settings).image.getpixel((5, 5)) == WHITE


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_becomes_white(tmp_path: Path, settings: Settings, mode: str) -> None:
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    suffix = "tiff" if mode == "PA" else "png"
    if mode == "PA":
        clear, suffix = clear.quantize(4), "png"
    else:
        clear = clear.convert(mode)
    frame = only(save(tmp_path / f"a.{suffix}", clear), settings)
    assert frame.image.getpixel((5, 5)) == WHITE


def test_half_transparent_is_blended(tmp_path: Path, settings: Settings) -> None:
    path = save(tmp_path / "a.png", Image.new("RGBA", (2000, 1600), (255, 0, 0, 128)))
    frame = only(path, settings)
    red, green, blue = frame.image.getpixel((5, 5))
    assert red == 255 and abs(green - 127) <= 1 and abs(blue - 127) <= 1
    assert min(frame.image.size) in range(64, 129)


def test_palette_with_a_transparent_entry(tmp_path: Path, settings: Settings) -> None:
    picture = corners().quantize(8)
    index = picture.getpixel((5, 5))
    frame = only(save(tmp_path / "a.png", picture, transparency=index), settings)
    assert corner_colours(frame.image) == [WHITE, GREEN, WHITE, BLUE]


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_sixteen_bits_are_scaled_not_clipped(
    tmp_path: Path, settings: Settings, suffix: str
) -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    frame = only(save(tmp_path / f"a.{suffix}", Image.fromarray(ramp)), settings)
    got = np.asarray(frame.image, dtype=float)[..., 0]
    assert np.abs(got - ramp / 257).max() <= 1


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0])
def test_floats_are_scaled_by_their_range(tmp_path: Path, settings: Settings, white: float) -> None:
    ramp = np.linspace(0, white, 64 * 64, dtype=np.float32).reshape(64, 64)
    ramp[0, 0] = np.nan
    frame = only(save(tmp_path / "a.tiff", Image.fromarray(ramp)), settings)
    grey = np.asarray(frame.image, dtype=float)[..., 0]
    assert grey[-1, -1] == 255 and abs(grey[32, 0] - 127.5) < 2


def test_wide_integers(tmp_path: Path, settings: Settings) -> None:
    values = np.full((8, 8), -5000, dtype=np.int32)
    values[4:] = 2**30
    frame = only(save(tmp_path / "a.tiff", Image.fromarray(values)), settings)
    assert frame.image.getpixel((0, 0)) == (0, 0, 0)
    assert frame.image.getpixel((0, 7)) == WHITE


def test_planes_of_doubles_that_pillow_cannot_read(pictures: Path, settings: Settings) -> None:
    frames = list(read_frames(pictures / "multipage_rgb.tif", settings, 64))
    assert [(f.ordinal, f.image.size, f.image.mode) for f in frames] == [
        (0, (10, 10), "RGB"),
        (1, (10, 10), "RGB"),
    ]
    assert np.asarray(frames[0].image).std() > 10


def animation(path: Path, count: int) -> Path:
    shades = [Image.new("RGB", (20, 20), (i * 5, 0, 255 - i * 5)) for i in range(count)]
    shades[0].save(path, save_all=True, append_images=shades[1:], lossless=True)
    return path


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tiff"])
def test_frames_are_spread_evenly(tmp_path: Path, settings: Settings, suffix: str) -> None:
    path = animation(tmp_path / f"a.{suffix}", 40)
    frames = list(read_frames(path, settings, 64))
    assert [frame.ordinal for frame in frames] == spread(40, settings.max_frames)
    for frame in frames:
        assert abs(frame.image.getpixel((5, 5))[0] - frame.ordinal * 5) <= 8


@pytest.mark.parametrize("suffix", ["gif", "tiff"])
def test_frames_before_a_cut_count(tmp_path: Path, settings: Settings, suffix: str) -> None:
    content = animation(tmp_path / f"a.{suffix}", 5).read_bytes()
    for end in range(len(content) * 2 // 3, len(content) - 1, 13):
        (tmp_path / f"cut.{suffix}").write_bytes(content[:end])
        frames = list(read_frames(tmp_path / f"cut.{suffix}", settings, 64))
        assert [frame.ordinal for frame in frames] == [0, 1, 2, 3, 4][: len(frames)]
        assert len(frames) >= 2
        for frame in frames:
            assert abs(frame.image.getpixel((5, 5))[0] - frame.ordinal * 5) <= 8


@pytest.mark.parametrize(("count", "most"), [(1, 16), (3, 16), (16, 16), (17, 16), (1000, 7)])
def test_spread(count: int, most: int) -> None:
    chosen = spread(count, most)
    assert len(chosen) == min(count, most)
    assert chosen[0] == 0 and sorted(set(chosen)) == chosen and chosen[-1] < count


def test_a_jpeg_is_reduced_while_decoding(tmp_path: Path, settings: Settings) -> None:
    frame = only(save(tmp_path / "a.jpg", corners(4000, 3000)), settings, 288)
    assert (frame.width, frame.height) == (4000, 3000)
    assert 288 <= min(frame.image.size) <= 2 * 288
    assert corner_colours(frame.image) == UPRIGHT


@pytest.mark.parametrize("suffix", ["png", "webp", "tiff"])
def test_other_formats_are_reduced_after(tmp_path: Path, settings: Settings, suffix: str) -> None:
    frame = only(save(tmp_path / f"a.{suffix}", corners(1500, 1000)), settings, 100)
    assert (frame.width, frame.height) == (1500, 1000)
    assert 100 <= min(frame.image.size) <= 200


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_small_pictures_are_left_alone(tmp_path: Path, settings: Settings, suffix: str) -> None:
    assert only(save(tmp_path / f"a.{suffix}", corners()), settings, 288).image.size == (60, 40)


def test_a_thin_picture(tmp_path: Path, settings: Settings) -> None:
    path = save(tmp_path / "a.jpg", Image.new("RGB", (3000, 1), RED))
    assert only(path, settings, 288).image.size == (3000, 1)


def test_too_many_pixels_are_refused_by_the_header(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(makers.huge_png(50_000))
    with pytest.raises(MediaTooLarge) as caught:
        list(read_frames(path, settings, 288))
    assert str(caught.value) == (
        "50,000 x 50,000 pixels is past the limit of 400 million (SENSORIUM_MAX_PIXELS)"
    )


def test_the_limit_is_ours_and_not_pillows(tmp_path: Path, settings: Settings) -> None:
    """15,000 x 15,000 would make Pillow raise; a raised limit lets it through to the decoder."""
    path = tmp_path / "a.png"
    path.write_bytes(makers.huge_png(15_000))
    with pytest.raises(CorruptMedia):
        list(read_frames(path, settings, 288))
    strict = dataclasses.replace(settings, max_pixels=123)
    with pytest.raises(MediaTooLarge, match="limit of 123 "):
        list(read_frames(save(tmp_path / "b.png", corners()), strict, 288))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tiff", "gif", "avif"])
def test_truncated(tmp_path: Path, settings: Settings, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = save(tmp_path / f"a.{suffix}", Image.fromarray(noise))
    data = path.read_bytes()
    for length in (len(data) // 2, 40):
        path.write_bytes(data[:length])
        with pytest.raises(CorruptMedia) as caught:
            list(read_frames(path, settings, 64))
        assert "\n" not in str(caught.value) and str(tmp_path) not in str(caught.value)


def test_a_truncated_jpeg_says_after_how_much(tmp_path: Path, settings: Settings) -> None:
    path = save(tmp_path / "a.jpg", corners(600, 400))
    path.write_bytes(path.read_bytes()[:2500])
    with pytest.raises(CorruptMedia, match=r"^truncated JPEG after 2,500 bytes$"):
        list(read_frames(path, settings, 64))


def test_a_damaged_page_costs_only_itself(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "a.tiff"
    noise = np.random.default_rng(0).integers(0, 255, (3, 32, 32, 3), dtype=np.uint8)
    pages = [Image.fromarray(page) for page in noise]
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_adobe_deflate")
    with Image.open(path) as image:
        image.seek(1)
        offset = image.tag_v2[TiffImagePlugin.STRIPOFFSETS][0]
    data = bytearray(path.read_bytes())
    data[offset : offset + 200] = bytes(200)
    path.write_bytes(data)
    assert [frame.ordinal for frame in read_frames(path, settings, 64)] == [0, 2]


def test_what_is_no_picture(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"")
    with pytest.raises(EmptyMedia, match="no bytes"):
        list(read_frames(path, settings, 64))
    path.write_bytes(np.random.default_rng(1).bytes(5000))
    with pytest.raises(CorruptMedia, match="not a picture"):
        list(read_frames(path, settings, 64))
    with pytest.raises(UnreadableMedia, match="vanished"):
        list(read_frames(tmp_path / "gone.jpg", settings, 64))
    with pytest.raises(UnreadableMedia, match="is a directory"):
        list(read_frames(tmp_path, settings, 64))


def test_random_damage_raises_nothing_but_media_errors(tmp_path: Path, settings: Settings) -> None:
    rng = np.random.default_rng(7)
    path = tmp_path / "a"
    for suffix in ("jpeg", "png", "webp", "gif", "tiff", "bmp", "avif"):
        buffer = io.BytesIO()
        corners().save(buffer, suffix)
        for _ in range(25):
            data = bytearray(buffer.getvalue())
            for place in rng.integers(0, len(data), 6):
                data[place] = rng.integers(0, 256)
            path.write_bytes(data)
            with suppress(CorruptMedia, MediaTooLarge, UnsupportedMedia):
                list(read_frames(path, settings, 64))


def test_the_sample_pictures(pictures: Path, settings: Settings) -> None:
    suffixes = {".png", ".jpg", ".tif", ".gif"}
    paths = [path for path in sorted(pictures.iterdir()) if path.suffix in suffixes]
    assert len(paths) >= 20
    with ThreadPoolExecutor(2) as pool:
        for frames in pool.map(lambda p: list(read_frames(p, settings, 288)), paths):
            assert frames and all(frame.image.mode == "RGB" for frame in frames)
