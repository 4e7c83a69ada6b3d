"""Sound and pictures of a file are on one time line, whatever its own clock does.

The kind: a clock that jumps, begins elsewhere than at 0, runs over, has gaps, or whose
streams begin apart. Lengths, keyframes, windows and stills are all on the same line.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.config import Settings
from engine.media.audio import probe_audio, read_audio
from engine.media.envelope import envelope
from engine.media.timeline import Timeline
from engine.media.video import probe_video, read_keyframes, read_samples, read_still
from tests.media import makers
from tests.media.makers import BLUE, GREEN, RED, nearest

pytestmark = pytest.mark.slow

RATE = 16_000


def recording(
    path: Path,
    colours: list[makers.Colour],
    *,
    first: float = 0.0,
    sound: float | None = None,
    sound_first: float | None = None,
    gap: float = 0.0,
) -> Path:
    """A recording of two seconds a colour, with a tone as long.

    Args:
        first: when the pictures begin, by the clock of the file.
        sound: seconds of tone, where it is not as long as the pictures.
        sound_first: when the sound begins, where it does not begin with the pictures.
        gap: seconds without anything after the first colour.
    """
    with av.open(str(path), "w", options={"muxdelay": "0", "avoid_negative_ts": "0"}) as output:
        pictures: Any = output.add_stream("mpeg2video", rate=25, options={"g": "12"})
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        heard: Any = output.add_stream("mp2", rate=RATE, layout="mono")
        packets = []
        for number in range(50 * len(colours)):
            time = first + number / 25 + (gap if number >= 50 else 0.0)
            image = makers.Image.new("RGB", (64, 48), colours[number // 50])
            frame = av.VideoFrame.from_image(image)
            frame.pts, frame.time_base = round(time * 25), Fraction(1, 25)
            packets += pictures.encode(frame)
        packets += pictures.encode(None)
        seconds = 2.0 * len(colours) if sound is None else sound
        begin = first if sound_first is None else sound_first
        size = heard.codec_context.frame_size or 1152
        samples = makers.tone(seconds, RATE)
        for at in range(0, len(samples) - size, size):
            part = np.ascontiguousarray((samples[at : at + size] * 32_767).astype("<i2")[None])
            tone = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            jump = gap if at / RATE >= 2 else 0.0
            tone.sample_rate, tone.time_base = RATE, Fraction(1, RATE)
            tone.pts = round((begin + jump) * RATE) + at
            packets += heard.encode(tone)
        packets += heard.encode(None)
        for packet in sorted((p for p in packets if p.dts is not None), key=_decoding_time):
            output.mux(packet)
    return path


def _decoding_time(packet: Any) -> float:
    return float(packet.dts * packet.time_base)


def joined(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def colours_at(path: Path, settings: Settings) -> list[tuple[float, makers.Colour]]:
    samples = read_samples(path, settings, 48)
    return [(time, nearest(image.getpixel((32, 24)))) for time, image in samples]


def check(path: Path, settings: Settings, seconds: float, shown: list[makers.Colour]) -> None:
    """A file shows each colour for two seconds, and what is heard covers the same time."""
    length = probe_video(path).duration
    assert length == pytest.approx(seconds, abs=0.4)
    for time, colour in colours_at(path, settings):
        assert 0 <= time <= length
        nearby = {shown[int(max(0.0, min(time + by, seconds - 0.01)) / 2)] for by in (-0.3, 0, 0.3)}
        assert colour in nearby, time
    shots = list(read_keyframes(path, settings, 48))
    assert (shots[0].start, shots[-1].end) == (0.0, pytest.approx(length, abs=0.1))
    for shot in shots:
        assert nearest(shot.image.getpixel((32, 24))) == shown[int(shot.time / 2)]
    for number, colour in enumerate(shown):
        still = read_still(path, settings, 2 * number + 1.0, 48)
        assert nearest(still.getpixel((32, 24))) == colour, number
    chunks = list(read_audio(path, RATE, 1.0))
    ends = [chunk.start + len(chunk.samples) / RATE for chunk in chunks]
    assert max(ends) == pytest.approx(length, abs=0.4)
    assert abs(envelope(path, 8, seconds - 1.0, seconds - 0.5)).max() > 0.1


@pytest.mark.parametrize("suffix", ["ts", "mpg"])
@pytest.mark.parametrize("first", [0.0, 100.0])
def test_recordings_that_were_appended(
    tmp_path: Path, settings: Settings, suffix: str, first: float
) -> None:
    one = recording(tmp_path / f"1.{suffix}", [RED, GREEN], first=first)
    two = recording(tmp_path / f"2.{suffix}", [BLUE, RED], first=3.0)
    both = joined(tmp_path / f"both.{suffix}", one, two)
    check(both, settings, 8.0, [RED, GREEN, BLUE, RED])
    thrice = joined(tmp_path / f"thrice.{suffix}", one, two, one)
    check(thrice, settings, 12.0, [RED, GREEN, BLUE, RED, RED, GREEN])


def test_the_end_of_one_recording_may_be_silent(tmp_path: Path, settings: Settings) -> None:
    one = recording(tmp_path / "1.ts", [RED, GREEN], sound=2.0)
    both = joined(tmp_path / "both.ts", one, recording(tmp_path / "2.ts", [BLUE, RED]))
    assert probe_video(both).duration == pytest.approx(8.0, abs=0.4)
    starts = [chunk.start for chunk in read_audio(both, RATE, 1.0)]
    assert not [start for start in starts if 2.4 < start < 3.8]
    assert max(starts) == pytest.approx(7.0, abs=0.7)


def test_a_clock_that_runs_over(tmp_path: Path, settings: Settings) -> None:
    """33 bits of 90 kHz are 26 hours and a half."""
    over = 2**33 / 90_000
    path = recording(tmp_path / "a.ts", [RED, GREEN, BLUE], first=round(over - 3.0, 2))
    check(path, settings, 6.0, [RED, GREEN, BLUE])


@pytest.mark.parametrize("suffix", ["ts", "mkv", "mp4", "mov"])
def test_sound_that_begins_late(tmp_path: Path, settings: Settings, suffix: str) -> None:
    path = recording(tmp_path / f"a.{suffix}", [RED, GREEN], sound=2.0, sound_first=2.0)
    assert probe_video(path).duration == pytest.approx(4.0, abs=0.2)
    chunks = list(read_audio(path, RATE, 1.0))
    heard = [c.start for c in chunks if np.abs(c.samples).max() > 0.1]
    assert heard[0] == pytest.approx(2.0, abs=0.2)
    assert max(c.start + len(c.samples) / RATE for c in chunks) < 4.2


@pytest.mark.parametrize("sound_first", [-1.0, -0.5])
def test_sound_that_begins_below_zero(
    tmp_path: Path, settings: Settings, sound_first: float
) -> None:
    path = recording(tmp_path / "a.mkv", [RED, GREEN], sound=2.0, sound_first=sound_first)
    assert probe_video(path).duration == pytest.approx(4.0 - sound_first, abs=0.2)
    chunks = list(read_audio(path, RATE, 1.0))
    assert chunks[0].start == 0
    assert sum(len(c.samples) for c in chunks) / RATE == pytest.approx(2.0, abs=0.2)
    times = [time for time, colour in colours_at(path, settings) if colour == GREEN]
    assert min(times) == pytest.approx(2.0 - sound_first, abs=0.5)


@pytest.mark.parametrize("suffix", ["ts", "mkv", "mp4"])
def test_a_gap_moves_sound_and_pictures_alike(
    tmp_path: Path, settings: Settings, suffix: str
) -> None:
    path = recording(tmp_path / f"a.{suffix}", [RED, GREEN], gap=5.0)
    length = probe_video(path).duration
    assert length == pytest.approx(9.0, abs=0.4)
    times = [time for time, colour in colours_at(path, settings) if colour == GREEN]
    assert min(times) == pytest.approx(7.0, abs=0.5)
    starts = [chunk.start for chunk in read_audio(path, RATE, 1.0)]
    assert not [start for start in starts if 2.5 < start < 6.5]
    assert max(starts) == pytest.approx(8.5, abs=0.7)
    assert nearest(read_still(path, settings, 8.0, 48).getpixel((32, 24))) == GREEN


def test_sounds_that_were_appended(tmp_path: Path) -> None:
    """Ogg calls that chaining; MP3 and ADTS have no clock at all."""
    for codec, suffix in (("libopus", "opus"), ("libmp3lame", "mp3"), ("aac", "aac")):
        rate = 48_000 if codec == "libopus" else RATE
        one = makers.write_sound(tmp_path / f"1.{suffix}", makers.tone(3, rate), rate, codec)
        two = joined(tmp_path / f"2.{suffix}", one, one)
        assert probe_audio(two).duration == pytest.approx(6.0, abs=0.3), suffix
        chunks = list(read_audio(two, RATE, 1.0))
        assert chunks[-1].start + len(chunks[-1].samples) / RATE == pytest.approx(6.0, abs=0.3)


def packets(sections: list[tuple[float, float]]) -> Iterator[tuple[int, float]]:
    """Packets of two streams: each section has a start and a length in seconds."""
    for start, length in sections:
        for number in range(int(length * 25)):
            yield 0, start + number / 25
            yield 1, start + number / 25 + 0.01


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(2, 20)), min_size=1, max_size=5))
@example([(0.0, 2.0), (0.0, 2.0), (13.0, 2.0)])
def test_any_sections_follow_one_another(sections: list[tuple[float, float]]) -> None:
    line, last = Timeline(), {0: -1.0, 1: -1.0}
    for stream, stamp in packets(sections):
        time = stamp + line.offset(stream, stamp, 0.04)
        assert last[stream] < 0 or -0.3 <= time - last[stream] <= 10.1
        last[stream] = time
    # Forward leaps of less than ten seconds are pauses, and each may add so much.
    expected = sum(int(length * 25) / 25 for _, length in sections)
    assert (
        expected - 0.5 * len(sections)
        <= last[0] - sections[0][0]
        <= expected + 10.1 * len(sections)
    )
