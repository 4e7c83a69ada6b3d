"""Thumbnails are small upright JPEGs of what a moment shows, or sounds like."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.config import Settings
from engine.errors import (
    CorruptMedia,
    EmptyMedia,
    MediaTooLarge,
    UnreadableMedia,
    UnsupportedMedia,
)
from engine.media import seeking
from engine.media.envelope import envelope
from engine.media.thumbnail import thumbnail

from . import makers
from .makers import (
    BLUE,
    GREEN,
    RED,
    UPRIGHT,
    WHITE,
    Colour,
    corner_colours,
    corners,
    nearest,
    tone,
    write_sound,
    write_video,
)

pytestmark = pytest.mark.slow

RATE = 16_000
ONE_GOP = {"g": "100000", "sc_threshold": "0"}
"""Only the first frame is a keyframe, as screen recorders write."""


def shown(
    path: Path,
    settings: Settings,
    start: float | None = None,
    end: float | None = None,
    *,
    ordinal: int = 0,
    side: int = 320,
) -> Image.Image:
    """The thumbnail, decoded, after checking what holds for every one."""
    made = thumbnail(path, settings, start, end, ordinal=ordinal, side=side)
    picture = Image.open(io.BytesIO(made))
    assert picture.format == "JPEG" and picture.mode == "RGB"
    assert max(picture.size) <= side
    assert not {"exif", "icc_profile", "comment", "xmp", "photoshop"} & picture.info.keys()
    picture.load()
    return picture


# --- pictures ---------------------------------------------------------------


def test_the_longest_side_and_the_proportions(tmp_path: Path, settings: Settings) -> None:
    corners(900, 600).save(tmp_path / "a.png")
    assert shown(tmp_path / "a.png", settings).size == (320, 213)
    assert shown(tmp_path / "a.png", settings, side=100).size == (100, 67)
    corners(30, 2000).save(tmp_path / "b.png")
    assert shown(tmp_path / "b.png", settings).size == (5, 320)
    assert corner_colours(shown(tmp_path / "a.png", settings)) == UPRIGHT


def test_small_pictures_are_not_enlarged(tmp_path: Path, settings: Settings) -> None:
    corners(60, 40).save(tmp_path / "a.png")
    assert shown(tmp_path / "a.png", settings).size == (60, 40)


def test_upright_by_exif_and_without_metadata(tmp_path: Path, settings: Settings) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    stored = corners(900, 600).transpose(Image.Transpose.ROTATE_90)
    stored.save(tmp_path / "a.jpg", exif=exif, comment=b"secret", icc_profile=b"profile")
    made = thumbnail(tmp_path / "a.jpg", settings)
    assert b"secret" not in made and b"camera" not in made
    picture = shown(tmp_path / "a.jpg", settings)
    assert picture.size == (320, 213)
    assert corner_colours(picture) == UPRIGHT


def test_what_is_transparent_becomes_white(tmp_path: Path, settings: Settings) -> None:
    clear = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    clear.paste((*RED, 255), (0, 0, 200, 300))
    clear.save(tmp_path / "a.png")
    picture = shown(tmp_path / "a.png", settings)
    assert [nearest(picture.getpixel((x, 100))) for x in (60, 260)] == [RED, WHITE]


def test_sixteen_bits(tmp_path: Path, settings: Settings) -> None:
    deep = np.linspace(0, 65535, 256).astype(np.uint16)
    Image.fromarray(np.tile(deep, (64, 1))).save(tmp_path / "a.png")
    pixels = np.asarray(shown(tmp_path / "a.png", settings))
    assert pixels[32, [2, 128, 253], 0].tolist() == pytest.approx([2, 128, 253], abs=4)


def animation(path: Path, *colours: Colour) -> Path:
    frames = [Image.new("RGB", (32, 32), colour) for colour in colours]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    return path


def test_a_frame_of_an_animation(tmp_path: Path, settings: Settings) -> None:
    path = animation(tmp_path / "a.gif", RED, GREEN, BLUE)
    few = dataclasses.replace(settings, max_frames=1)
    for ordinal, colour in enumerate((RED, GREEN, BLUE)):
        picture = shown(path, few, ordinal=ordinal)
        assert nearest(picture.getpixel((9, 9))) == colour
    for ordinal in (3, -1):
        with pytest.raises(EmptyMedia, match=f"no frame {ordinal}"):
            thumbnail(path, settings, ordinal=ordinal)


def test_a_page_of_a_tiff(tmp_path: Path, settings: Settings) -> None:
    path = animation(tmp_path / "a.tiff", RED, GREEN, BLUE)
    assert nearest(shown(path, settings, ordinal=1).getpixel((9, 9))) == GREEN


# --- videos -----------------------------------------------------------------


def scenes(*shots: tuple[Colour, float], side: int = 64) -> list[tuple[int, Image.Image]]:
    """Plain colours for so many seconds each, 25 frames a second."""
    colours = [colour for colour, seconds in shots for _ in range(round(seconds * 25))]
    return [(i * 40, Image.new("RGB", (side, side), colour)) for i, colour in enumerate(colours)]


def colour_at(path: Path, settings: Settings, start: float | None) -> Colour:
    return nearest(shown(path, settings, start).getpixel((9, 9)))


FORMATS = [
    ("a.mp4", "libx264", None, {}), ("b.mp4", "libx264", None, ONE_GOP),
    ("a.mkv", "libx264", None, {"bf": "3"}), ("a.webm", "libvpx", None, {}),
    ("a.avi", "mpeg4", None, {}), ("a.ts", "mpeg2video", "mpegts", {}),
    ("a.mpg", "mpeg2video", "mpeg", {}), ("a.mov", "mjpeg", None, {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "codec", "container", "options"), FORMATS)
def test_a_video_at_a_time(
    tmp_path: Path, settings: Settings, name: str, codec: str, container: str | None, options: dict
) -> None:
    ticks = 25 if codec in ("mpeg4", "mpeg2video") else 1000
    frames = [(s * ticks // 1000, p) for s, p in scenes((RED, 2), (GREEN, 2), (BLUE, 2))]
    path = write_video(
        tmp_path / name, frames, codec=codec, container=container, options=options, ticks=ticks
    )
    times = {0.0: RED, 1.0: RED, 1.9: RED, 2.1: GREEN, 3.9: GREEN, 4.1: BLUE, 5.9: BLUE, 99: BLUE}
    assert {t: colour_at(path, settings, t) for t in times} == times
    assert colour_at(path, settings, None) == RED


def noisy(colour: Colour, rng: np.random.Generator) -> Image.Image:
    noise = rng.integers(-60, 60, (96, 96, 3))
    return Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8))


def test_a_seek_that_lands_too_late(tmp_path: Path, settings: Settings) -> None:
    """A transport stream has no index: a seek ends anywhere between two keyframes."""
    rng = np.random.default_rng(0)
    colours = {0: RED, 1: GREEN, 2: BLUE, 3: RED}
    frames = [(i * 40, noisy(colours[i // 75], rng)) for i in range(300)]
    options = {"g": "100", "sc_threshold": "0", "preset": "ultrafast"}
    path = write_video(tmp_path / "a.ts", frames, container="mpegts", options=options)
    times = {1.0: RED, 3.5: GREEN, 7.0: BLUE, 8.5: BLUE, 11.5: RED}
    shown_at = {t: np.asarray(shown(path, settings, t)).mean(axis=(0, 1)) for t in times}
    assert {t: nearest(pixel) for t, pixel in shown_at.items()} == times


def test_the_very_frame_that_begins_a_shot(tmp_path: Path, settings: Settings) -> None:
    path = write_video(tmp_path / "a.mp4", scenes((RED, 2), (BLUE, 2)))
    assert colour_at(path, settings, 2.0) == BLUE
    assert colour_at(path, settings, 1.99) == RED


def test_times_count_from_where_a_player_begins(tmp_path: Path, settings: Settings) -> None:
    frames = [(stamp + 5000, picture) for stamp, picture in scenes((RED, 2), (BLUE, 2))]
    path = write_video(tmp_path / "a.mkv", frames)
    assert [colour_at(path, settings, t) for t in (1.0, 3.0)] == [RED, BLUE]


def test_a_rotated_video_is_upright(tmp_path: Path, settings: Settings) -> None:
    stored = corners(640, 480).transpose(Image.Transpose.ROTATE_90)
    path = write_video(tmp_path / "a.mp4", [(i * 40, stored) for i in range(25)])
    makers.rotate_mp4(path, (0, 1, -1, 0))
    picture = shown(path, settings, 0.5)
    assert picture.size == (320, 240)
    assert corner_colours(picture) == UPRIGHT


def test_the_work_is_bounded(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a keyframe is too far back, the picture is from where the work ended."""
    frames = scenes((RED, 4), (BLUE, 4))
    far = write_video(tmp_path / "a.mp4", frames, options=ONE_GOP)
    near = write_video(tmp_path / "b.mp4", frames, options={"g": "25"})
    assert colour_at(far, settings, 7.0) == BLUE
    monkeypatch.setattr(seeking, "_WORK", 50 * 64 * 64)
    assert colour_at(far, settings, 7.0) == RED
    assert colour_at(near, settings, 7.0) == BLUE


def test_a_damaged_stretch_is_passed_over(tmp_path: Path, settings: Settings) -> None:
    frames = scenes((RED, 2), (GREEN, 2), (BLUE, 2))
    path = write_video(tmp_path / "a.mp4", frames, options={"g": "25"})
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + 900
    data[at : at + 60] = np.random.default_rng(0).bytes(60)
    path.write_bytes(data)
    assert colour_at(path, settings, 5.5) == BLUE


def test_too_many_pixels(tmp_path: Path, settings: Settings) -> None:
    path = write_video(tmp_path / "a.mp4", scenes((RED, 1)))
    with pytest.raises(MediaTooLarge, match="SENSORIUM_MAX_PIXELS"):
        thumbnail(path, dataclasses.replace(settings, max_pixels=4000), 0.5)


# --- sounds -----------------------------------------------------------------


def heights(picture: Image.Image) -> NDArray[np.int64]:
    """How many pixels of each column are inked."""
    return (np.asarray(picture.convert("L")) < 170).sum(axis=0)


def test_what_is_louder_is_drawn_higher(tmp_path: Path, settings: Settings) -> None:
    parts = [tone(2, RATE, level=level) for level in (0.1, 0.8, 0.0)]
    path = write_sound(tmp_path / "a.wav", np.concatenate(parts), RATE, "pcm_s16le")
    picture = shown(path, settings, side=300)
    assert picture.size == (300, 150)
    columns = heights(picture)
    quiet, loud, silent = columns[10:90], columns[110:190], columns[210:290]
    assert quiet.mean() == pytest.approx(150 / 8, abs=3)
    assert loud.mean() == pytest.approx(150, abs=3)
    assert silent.max() <= 3 and silent.min() >= 1


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [("a.wav", "pcm_s16le", None), ("a.flac", "flac", None), ("a.mp3", "libmp3lame", None),
     ("a.ogg", "libopus", "ogg"), ("a.m4a", "aac", "ipod"), ("a.aac", "aac", "adts")],
)  # fmt: skip
def test_a_window_of_a_sound(
    tmp_path: Path, settings: Settings, name: str, codec: str, container: str | None
) -> None:
    """From 8 s to 16 s: silence, then from 12 s on a tone."""
    rate = 48_000 if codec == "libopus" else RATE
    sound = np.concatenate([tone(8, rate), np.zeros(4 * rate, np.float32), tone(6, rate)])
    path = write_sound(tmp_path / name, sound, rate, codec, container)
    columns = heights(shown(path, settings, 8.0, 16.0, side=200))
    assert columns[10:90].max() < 10
    assert columns[110:190].min() > 80


def test_noise_is_not_blown_up(tmp_path: Path, settings: Settings) -> None:
    path = write_sound(tmp_path / "a.wav", tone(1, RATE, level=0.002), RATE, "pcm_s16le")
    assert heights(shown(path, settings)).max() <= 6


def test_of_a_long_sound_the_first_ten_minutes_are_drawn(
    tmp_path: Path, settings: Settings
) -> None:
    sound = np.concatenate([tone(300, 1000, 50), np.zeros(1_200_000, np.float32)])
    path = write_sound(tmp_path / "a.wav", sound, 1000, "pcm_s16le")
    columns = heights(shown(path, settings, side=200))
    assert columns[10:90].min() > 80 and columns[110:190].max() < 5
    late = envelope(path, 50, 1400.0, 1410.0)
    assert late.shape == (2, 50) and not late.any()


def test_a_window_past_the_end(tmp_path: Path, settings: Settings) -> None:
    path = write_sound(tmp_path / "a.wav", tone(1, RATE), RATE, "pcm_s16le")
    with pytest.raises(EmptyMedia, match="no samples"):
        thumbnail(path, settings, 20.0, 30.0)


def test_channels_are_averaged_and_tiny_windows_drawn(tmp_path: Path, settings: Settings) -> None:
    sides = np.stack([tone(1, RATE, level=0.8), tone(1, RATE, level=0.4)])
    path = write_sound(tmp_path / "a.wav", sides, RATE, "pcm_s16le")
    assert envelope(path, 10).max() == pytest.approx(0.6, abs=0.01)
    assert shown(path, settings, 0.5, 0.5).size == (320, 160)


# --- what cannot be shown ---------------------------------------------------


def test_broken_files(tmp_path: Path, settings: Settings) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    picture = tmp_path / "a.jpg"
    Image.fromarray(noise).save(picture)
    picture.write_bytes(picture.read_bytes()[:9000])
    video = write_video(tmp_path / "a.mp4", scenes((RED, 1)))
    video.write_bytes(video.read_bytes().replace(b"moov", b"mooo"))
    sound = tmp_path / "a.flac"
    sound.write_bytes(b"fLaC" + np.random.default_rng(1).bytes(5000))
    for path in (picture, video, sound):
        with pytest.raises(CorruptMedia) as caught:
            thumbnail(path, settings)
        assert "\n" not in str(caught.value) and str(tmp_path) not in str(caught.value)


def test_what_is_no_media(tmp_path: Path, settings: Settings) -> None:
    text = tmp_path / "a.txt"
    text.write_text("hello")
    with pytest.raises(UnsupportedMedia, match="neither a picture, a video nor a sound"):
        thumbnail(text, settings)
    with pytest.raises(UnreadableMedia, match="vanished"):
        thumbnail(tmp_path / "gone.jpg", settings)
    (tmp_path / "a.png").write_bytes(makers.huge_png(50_000))
    with pytest.raises(MediaTooLarge):
        thumbnail(tmp_path / "a.png", settings)
