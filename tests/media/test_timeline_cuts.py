"""Sound and pictures stay together in files that were cut, moved or delayed without re-encoding.

The kind: edit lists, times that begin below or far above zero, a stream that begins late, a
clock that runs over. The colour and the pitch change at the same instant in the source, so
that in what ffmpeg makes of it they must, or as far apart as was asked.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from engine.config import Settings
from engine.media.audio import read_audio
from engine.media.video import probe_video, read_still
from tests.media.makers import BLUE, GREEN, RED, nearest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed"),
]

RATE = 16_000
SPAN = 2.0
OVER = 2**33 / 90_000
"""Seconds after which a clock of 33 bits and 90 kHz runs over."""
PITCHES = (300, 600, 1200)


def ffmpeg(*words: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *words], check=True)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds: red and low, green and higher, blue and highest, with B-frames."""
    path = tmp_path_factory.mktemp("source") / "source.mkv"
    inputs: list[str] = []
    for colour, pitch in zip((RED, GREEN, BLUE), PITCHES, strict=True):
        shown = "0x{:02x}{:02x}{:02x}".format(*colour)
        inputs += ["-f", "lavfi", "-t", str(SPAN), "-i", f"color={shown}:s=64x48:r=25"]
        inputs += ["-f", "lavfi", "-t", str(SPAN), "-i", f"sine={pitch}:r=48000"]
    joined = "[0][1][2][3][4][5]concat=n=3:v=1:a=1[v][a]"
    encoded = ["-c:v", "libx264", "-g", "10", "-bf", "2", "-preset", "ultrafast", "-c:a", "aac"]
    ffmpeg(*inputs, "-filter_complex", joined, "-map", "[v]", "-map", "[a]", *encoded, str(path))
    return path


def picture_change(path: Path, before: tuple[int, ...], start: float, end: float) -> float:
    """Return when another colour follows ``before``, which is shown at ``start``."""
    low, high = start, end
    while high - low > 0.05:
        middle = (low + high) / 2
        still = read_still(path, Settings(), middle, 48).getpixel((32, 24))
        order = (RED, GREEN, BLUE)
        if order.index(nearest(still)) <= order.index(before):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def sound_changes(path: Path) -> list[float]:
    """Return when the second and the third pitch are heard first."""
    starts: list[float] = []
    for chunk in read_audio(path, RATE, 0.05):
        spectrum = np.abs(np.fft.rfft(chunk.samples * np.hanning(len(chunk.samples)), RATE // 4))
        pitch = PITCHES[len(starts) + 1]
        if len(chunk.samples) > 400 and abs(4 * int(spectrum.argmax()) - pitch) < 60:
            starts.append(chunk.start)
            if len(starts) == 2:
                return starts
    raise AssertionError(f"{PITCHES[len(starts) + 1]} Hz is not heard")


def check(path: Path, *, apart: float = 0.0, first: float | None, length: float | None) -> None:
    """The sound changes ``apart`` seconds after the colour does, whose first change is known."""
    seconds = probe_video(path).duration
    assert length is None or seconds == pytest.approx(length, abs=0.3)
    seen = picture_change(path, RED, 0.0, seconds)
    if first is not None:
        assert seen == pytest.approx(first, abs=0.12)
    heard, heard_again = sound_changes(path)
    assert heard - seen == pytest.approx(apart, abs=0.15)
    again = picture_change(path, GREEN, seen, seconds)
    assert heard_again - again == pytest.approx(apart, abs=0.15)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts", "nut", "flv"])
def test_what_was_only_copied(tmp_path: Path, source: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    ffmpeg("-i", str(source), "-c", "copy", str(path))
    check(path, first=2.0, length=6.0)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts"])
def test_a_cut_between_keyframes(tmp_path: Path, source: Path, suffix: str) -> None:
    """MP4 hides with an edit list what other containers show from the keyframe on."""
    path = tmp_path / f"a.{suffix}"
    ffmpeg("-ss", "1.3", "-i", str(source), "-c", "copy", str(path))
    hidden = suffix in ("mp4", "mov")
    check(path, first=0.7 if hidden else None, length=4.7 if hidden else None)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "nut"])
@pytest.mark.parametrize("late", ["sound", "pictures"])
def test_a_stream_that_begins_late(tmp_path: Path, source: Path, suffix: str, late: str) -> None:
    path = tmp_path / f"a.{suffix}"
    maps = ["0:v", "1:a"] if late == "sound" else ["1:v", "0:a"]
    moved = ["-i", str(source), "-itsoffset", "0.7", "-i", str(source)]
    ffmpeg(*moved, "-map", maps[0], "-map", maps[1], "-c", "copy", str(path))
    apart, first = (0.7, 2.0) if late == "sound" else (-0.7, 2.7)
    check(path, apart=apart, first=first, length=6.7)


@pytest.mark.parametrize(
    ("suffix", "offset"),
    [("mp4", 5.0), ("mkv", 1000.0), ("ts", 5.0), ("ts", 1000.0), ("nut", 5.0), ("flv", 1000.0),
     ("asf", 5.0), ("asf", 1000.0)],
)  # fmt: skip
def test_times_that_begin_far_from_zero(
    tmp_path: Path, source: Path, suffix: str, offset: float
) -> None:
    path = tmp_path / f"a.{suffix}"
    ffmpeg("-i", str(source), "-c", "copy", "-output_ts_offset", str(offset), str(path))
    check(path, first=2.0, length=6.0)


@pytest.mark.parametrize("before", [1.0, 3.0, 5.0])
def test_a_clock_that_runs_over(tmp_path: Path, source: Path, before: float) -> None:
    path = tmp_path / "a.ts"
    offset = ["-output_ts_offset", str(OVER - before), "-muxdelay", "0", "-muxpreload", "0"]
    ffmpeg("-i", str(source), "-c", "copy", *offset, str(path))
    check(path, first=2.0, length=6.0)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_times_below_zero(tmp_path: Path, source: Path, suffix: str) -> None:
    """Sound that begins before the pictures do is heard first."""
    path = tmp_path / f"a.{suffix}"
    moved = ["-i", str(source), "-itsoffset", "-0.5", "-i", str(source)]
    shifted = ["-map", "0:v", "-map", "1:a", "-c", "copy", "-avoid_negative_ts", "make_zero"]
    ffmpeg(*moved, *shifted, str(path))
    check(path, apart=-0.5, first=None, length=6.5)
