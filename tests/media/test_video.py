"""Videos become one keyframe per shot, at the times that their frames carry."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.config import Settings
from engine.errors import CorruptMedia, EmptyMedia, MediaTooLarge, UnreadableMedia
from engine.media import sampling
from engine.media.shots import Look, Shot, ShotCandidate
from engine.media.video import Keyframe, probe_video, read_keyframes

from . import makers
from .makers import (
    BLACK,
    BLUE,
    GREEN,
    RED,
    UPRIGHT,
    WHITE,
    Colour,
    corner_colours,
    corners,
    nearest,
)

pytestmark = pytest.mark.slow

ONE_GOP = {"g": "100000", "sc_threshold": "0"}
"""Only the first frame is a keyframe, as screen recorders write."""


def scenes(
    *shots: tuple[Colour, float], rate: int = 25, start: int = 0, side: int = 64
) -> Iterator[tuple[int, Image.Image]]:
    """Plain colours for so many seconds each, at millisecond stamps."""
    stamp = float(start)
    for colour, seconds in shots:
        for _ in range(round(seconds * rate)):
            yield round(stamp), Image.new("RGB", (side, side), colour)
            stamp += 1000 / rate


def keyframes(path: Path, settings: Settings, min_side: int = 64) -> list[Keyframe]:
    """All keyframes, after checking what holds for every video."""
    found = list(read_keyframes(path, settings, min_side))
    duration = probe_video(path).duration
    # Not equal where the header falls short of the last frame, as program streams do.
    assert found[0].start == 0 and -0.05 < found[-1].end - duration < 0.5
    assert all(a.end == b.start for a, b in pairwise(found))
    assert all(k.start <= k.time < k.end and k.image.mode == "RGB" for k in found)
    assert len(found) <= max(1, ceil(duration * settings.keyframes_per_minute / 60))
    return found


def colours(found: list[Keyframe]) -> list[Colour]:
    return [nearest(k.image.getpixel((9, 9))) for k in found]


FORMATS = [
    ("a.mp4", "libx264", None, 1000), ("a.mkv", "libx264", None, 1000),
    ("a.webm", "libvpx", None, 1000), ("a.avi", "mpeg4", None, 25), ("a.mov", "mjpeg", None, 1000),
    ("a.ts", "mpeg2video", "mpegts", 25), ("a.mpg", "mpeg2video", "mpeg", 25),
    ("a.flv", "flv", None, 1000), ("a.wmv", "wmv2", "asf", 1000),
    ("b.webm", "libvpx-vp9", None, 1000),
]  # fmt: skip


@pytest.mark.parametrize(("name", "codec", "container", "ticks"), FORMATS)
def test_formats(
    tmp_path: Path, settings: Settings, name: str, codec: str, container: str | None, ticks: int
) -> None:
    frames = ((stamp * ticks // 1000, picture) for stamp, picture in scenes((RED, 4), (BLUE, 4)))
    path = makers.write_video(
        tmp_path / name, frames, codec=codec, container=container, ticks=ticks
    )
    info = probe_video(path)
    assert (info.width, info.height, info.has_audio) == (64, 64, False)
    # A program stream stamps packs rather than frames.
    assert info.duration == pytest.approx(8, abs=0.6 if container == "mpeg" else 0.1)
    found = keyframes(path, settings)
    assert colours(found) == [RED, BLUE]
    assert found[0].end == pytest.approx(4, abs=0.3)


@pytest.mark.parametrize("options", [{}, ONE_GOP, {"g": "1"}, {"g": "25", "sc_threshold": "0"}])
def test_cuts_are_found_however_keyframes_lie(
    tmp_path: Path, settings: Settings, options: dict[str, str]
) -> None:
    shots = scenes((RED, 4.2), (GREEN, 5.5), (BLUE, 3.6), (WHITE, 4))
    found = keyframes(makers.write_video(tmp_path / "a.mp4", shots, options=options), settings)
    assert colours(found) == [RED, GREEN, BLUE, WHITE]
    tolerance = 1.0 if options.get("g") == "25" else 0.3
    for keyframe, cut in zip(found, (4.2, 9.7, 13.3), strict=False):
        assert keyframe.end == pytest.approx(cut, abs=tolerance)


def test_a_short_video_with_a_cut(tmp_path: Path, settings: Settings) -> None:
    path = makers.write_video(tmp_path / "a.mp4", scenes((RED, 2), (BLUE, 2)), options=ONE_GOP)
    assert colours(keyframes(path, settings)) == [RED, BLUE]


def test_time_stamps_hold_at_a_variable_frame_rate(tmp_path: Path, settings: Settings) -> None:
    """Two seconds at 25 frames a second, then a slide every two seconds."""
    frames = [*scenes((RED, 2)), *scenes((GREEN, 8), (BLUE, 8), rate=1, start=2000)]
    frames = [frame for i, frame in enumerate(frames) if i < 50 or i % 2 == 0]
    assert len(frames) == 58
    path = makers.write_video(tmp_path / "a.mkv", frames, options={"bf": "0"})
    found = keyframes(path, settings)
    assert colours(found) == [RED, GREEN, BLUE]
    assert [k.start for k in found] == pytest.approx([0, 2, 10], abs=0.001)
    stamps = {stamp / 1000 for stamp, _ in frames}
    assert all(min(abs(k.time - stamp) for stamp in stamps) < 0.002 for k in found)


@pytest.mark.parametrize(("name", "container"), [("a.ts", "mpegts"), ("a.mkv", None)])
def test_times_count_from_the_start_of_the_video(
    tmp_path: Path, settings: Settings, name: str, container: str | None
) -> None:
    frames = scenes((RED, 4), (BLUE, 4), start=7000)
    path = makers.write_video(tmp_path / name, frames, container=container)
    with av.open(str(path)) as check:
        assert check.start_time >= 7_000_000
    found = keyframes(path, settings)
    assert found[1].start == pytest.approx(4, abs=0.25)
    assert probe_video(path).duration == pytest.approx(8, abs=0.1)


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [((1, 0, 0, 1), None), ((0, 1, -1, 0), Image.Transpose.ROTATE_90),
     ((-1, 0, 0, -1), Image.Transpose.ROTATE_180), ((0, -1, 1, 0), Image.Transpose.ROTATE_270),
     ((-1, 0, 0, 1), Image.Transpose.FLIP_LEFT_RIGHT)],
)  # fmt: skip
def test_rotation(
    tmp_path: Path,
    settings: Settings,
    matrix: tuple[int, int, int, int],
    turn: Image.Transpose | None,
) -> None:
    """A phone's sensor lies on its side; the matrix says how to turn its picture."""
    stored = corners(192, 128) if turn is None else corners(192, 128).transpose(turn)
    path = makers.write_video(tmp_path / "a.mp4", [(i * 40, stored) for i in range(10)])
    makers.rotate_mp4(path, matrix)
    info = probe_video(path)
    (found,) = keyframes(path, settings)
    assert (info.width, info.height) == (192, 128)
    assert found.image.size == (96, 64)
    assert corner_colours(found.image) == UPRIGHT


def test_pixels_that_are_not_square(tmp_path: Path, settings: Settings) -> None:
    def squeeze(stream: object) -> None:
        stream.codec_context.sample_aspect_ratio = 2  # type: ignore[attr-defined]

    frames = [(i * 40, corners(64, 64)) for i in range(5)]
    path = makers.write_video(tmp_path / "a.mkv", frames, prepare=squeeze)
    assert (probe_video(path).width, probe_video(path).height) == (128, 64)
    assert keyframes(path, settings, 32)[0].image.size == (64, 32)


def test_a_calm_shot_gets_one_keyframe_a_minute(tmp_path: Path, settings: Settings) -> None:
    frames = scenes((RED, 150), rate=1)
    found = keyframes(makers.write_video(tmp_path / "a.mkv", frames), settings)
    assert len(found) == 3
    assert found[1].start == pytest.approx(60, abs=3)


def test_no_more_keyframes_than_the_setting_allows(tmp_path: Path, settings: Settings) -> None:
    flashes = [(colour, 0.4) for colour in (RED, GREEN, BLUE, WHITE)] * 8
    path = makers.write_video(tmp_path / "a.mp4", scenes(*flashes), options={"g": "1"})
    assert 3 <= len(keyframes(path, settings)) <= 5
    many = dataclasses.replace(settings, keyframes_per_minute=600)
    assert len(keyframes(path, many)) == 32
    one = dataclasses.replace(settings, keyframes_per_minute=1)
    assert len(keyframes(path, one)) == 1


def test_a_fade_from_black_belongs_to_what_it_opens(tmp_path: Path, settings: Settings) -> None:
    path = makers.write_video(tmp_path / "a.mp4", scenes((BLACK, 2), (RED, 6)), options=ONE_GOP)
    (found,) = keyframes(path, settings)
    assert colours([found]) == [RED]
    dark = makers.write_video(tmp_path / "b.mp4", scenes((BLACK, 4)))
    assert colours(keyframes(dark, settings)) == [BLACK]


def test_keyframes_are_reduced_to_the_side_that_is_asked(
    tmp_path: Path, settings: Settings
) -> None:
    frames = [(i * 40, corners(640, 360)) for i in range(5)]
    path = makers.write_video(tmp_path / "a.mp4", frames)
    assert keyframes(path, settings, 90)[0].image.size == (160, 90)
    assert keyframes(path, settings, 1000)[0].image.size == (640, 360)


def test_sound_is_seen_and_skipped(tmp_path: Path, settings: Settings) -> None:
    path = makers.write_video(tmp_path / "a.mp4", scenes((RED, 2)), sound=2.0)
    assert probe_video(path).has_audio
    assert len(keyframes(path, settings)) == 1


def test_a_recording_without_a_length(tmp_path: Path, settings: Settings) -> None:
    """Browsers stream WebM to a file that they never go back to."""
    path = tmp_path / "a.webm"
    with path.open("wb") as stream:
        makers.write_video(
            Unseekable(stream), scenes((RED, 4), (BLUE, 4)), codec="libvpx", container="webm"
        )
    with av.open(str(path)) as check:
        assert check.duration is None
    assert probe_video(path).duration == pytest.approx(8, abs=0.1)
    assert colours(keyframes(path, settings)) == [RED, BLUE]


class Unseekable:
    """A file that can only be written on and on."""

    def __init__(self, stream: object) -> None:
        self.write = stream.write  # type: ignore[attr-defined]


def test_the_pixels_are_those_of_the_frame_at_that_time(videos: Path, settings: Settings) -> None:
    found = keyframes(videos / "bikes.mp4", settings, 1000)
    with av.open(str(videos / "bikes.mp4")) as container:
        wanted = {keyframe.time for keyframe in found}
        decoded = (frame for frame in container.decode(video=0) if frame.time in wanted)
        frames = {frame.time: frame.to_image() for frame in decoded}
    for keyframe in found:
        expected = np.asarray(frames[keyframe.time], dtype=float)
        assert np.abs(np.asarray(keyframe.image, dtype=float) - expected).mean() < 2


def test_the_cuts_of_a_real_film(videos: Path, settings: Settings) -> None:
    many = dataclasses.replace(settings, keyframes_per_minute=60)
    starts = [k.start for k in keyframes(videos / "bikes.mp4", many)]
    for cut in (1.2, 3.04, 5.48, 7.48):
        assert min(abs(start - cut) for start in starts) < 0.15


@pytest.mark.parametrize("name", ["bigbuckbunny.mp4", "carphone_pristine.mp4", "bikes.mp4"])
def test_the_sample_videos(videos: Path, settings: Settings, name: str) -> None:
    assert keyframes(videos / name, settings, 288)


def test_only_keyframes_are_decoded_where_there_are_enough(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = count_decodes(monkeypatch)
    frames = scenes((RED, 30), (BLUE, 30), rate=10)
    path = makers.write_video(tmp_path / "a.mp4", frames, options={"g": "20", "sc_threshold": "0"})
    keyframes(path, settings)
    assert len(decoded) <= 60 / 2 + 1


def test_all_keyframes_are_sampled_by_seeking(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = count_decodes(monkeypatch)
    frames = scenes((RED, 30), (BLUE, 30), rate=25, side=16)
    path = makers.write_video(tmp_path / "a.mov", frames, codec="mjpeg")
    found = keyframes(path, settings)
    assert colours(found) == [RED, BLUE]
    assert found[1].start == pytest.approx(30, abs=0.6)
    assert len(decoded) <= 60 / 0.5 + 1


def test_work_between_keyframes_is_limited(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "_WORK", 64 * 64 * 200)
    decoded = count_decodes(monkeypatch)
    frames = scenes((RED, 4), (BLUE, 12))
    path = makers.write_video(tmp_path / "a.mp4", frames, options=ONE_GOP)
    found = keyframes(path, settings)
    assert len(decoded) <= 201
    assert colours(found) == [RED, BLUE]


def count_decodes(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Notes every packet that is decoded from now on."""
    times: list[float] = []
    decode = sampling.decode

    def noting(packet: object, errors: list[BaseException]) -> object:
        if packet.size:  # type: ignore[attr-defined]
            times.append(sampling.packet_time(packet))  # type: ignore[arg-type]
        return decode(packet, errors)  # type: ignore[arg-type]

    monkeypatch.setattr(sampling, "decode", noting)
    return times


@pytest.mark.parametrize("name", ["a.mkv", "a.ts"])
def test_a_video_that_breaks_off_gives_what_it_has(
    tmp_path: Path, settings: Settings, name: str
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (100, 64, 64, 3), dtype=np.uint8)
    frames = [(i * 40, Image.fromarray(frame)) for i, frame in enumerate(noise)]
    path = makers.write_video(tmp_path / name, frames, options={"g": "5"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert list(read_keyframes(path, settings, 64))


def test_damage_in_the_middle_costs_only_itself(tmp_path: Path, settings: Settings) -> None:
    frames = list(scenes((RED, 4), (GREEN, 4), (BLUE, 4)))
    path = makers.write_video(tmp_path / "a.mp4", frames, options={"g": "25"})
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 900
    data[start : start + 60] = np.random.default_rng(0).bytes(60)
    path.write_bytes(data)
    assert BLUE in colours(keyframes(path, settings))


def test_what_is_no_video(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"")
    with pytest.raises(EmptyMedia, match="no bytes"):
        list(read_keyframes(path, settings, 64))
    path.write_bytes(np.random.default_rng(0).bytes(9000))
    with pytest.raises(CorruptMedia) as caught:
        list(read_keyframes(path, settings, 64))
    assert str(tmp_path) not in str(caught.value) and "\n" not in str(caught.value)
    whole = makers.write_video(path, scenes((RED, 1))).read_bytes()
    path.write_bytes(whole[: whole.index(b"moov") - 4])
    with pytest.raises(CorruptMedia):
        list(read_keyframes(path, settings, 64))
    sound = makers.write_sound(tmp_path / "b.mp4", makers.tone(1, 16000), 16000, "aac")
    with pytest.raises(EmptyMedia, match="no video stream"):
        list(read_keyframes(sound, settings, 64))
    with pytest.raises(UnreadableMedia, match="vanished"):
        list(read_keyframes(tmp_path / "gone.mp4", settings, 64))


def test_a_video_of_garbage_frames(tmp_path: Path, settings: Settings) -> None:
    path = makers.write_video(tmp_path / "a.avi", scenes((RED, 1)), codec="mpeg4", ticks=1000)
    data = bytearray(path.read_bytes())
    start, end = data.index(b"movi") + 4, data.index(b"idx1")
    data[start + 8 : end] = bytes(end - start - 8)
    path.write_bytes(data)
    with pytest.raises((CorruptMedia, EmptyMedia)):
        list(read_keyframes(path, settings, 64))


def test_too_many_pixels(tmp_path: Path, settings: Settings) -> None:
    path = makers.write_video(tmp_path / "a.mp4", scenes((RED, 1)))
    strict = dataclasses.replace(settings, max_pixels=4000)
    with pytest.raises(MediaTooLarge, match=r"64 x 64 pixels .*SENSORIUM_MAX_PIXELS"):
        list(read_keyframes(path, strict, 64))


def test_a_shot_holds_a_handful_of_frames() -> None:
    """However long it is; they stay spread over all of it."""
    picture = Image.new("RGB", (32, 32), RED)
    look = Look.of_picture(picture)
    shot = Shot(0.0, look, look)
    for number in range(500):
        shot.add(ShotCandidate(picture, number / 10, look))
        assert len(shot.candidates) <= 8
    assert shot.keyframe(50).time == pytest.approx(25, abs=4)
