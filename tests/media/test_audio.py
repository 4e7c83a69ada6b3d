"""Any soundtrack becomes mono windows at one rate, or one clear line."""

from __future__ import annotations

import dataclasses
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.config import Settings
from engine.errors import CorruptMedia, EmptyMedia, UnreadableMedia
from engine.media.audio import is_silent, probe_audio, read_audio, read_windows

from . import makers
from .makers import tone

RATE = 16000


def heard(path: Path, rate: int = RATE, seconds: float = 1.0) -> NDArray[np.float32]:
    """All chunks joined, after checking that they follow one another."""
    chunks = list(read_audio(path, rate, seconds))
    size = round(seconds * rate)
    for number, chunk in enumerate(chunks):
        assert chunk.samples.dtype == np.float32 and chunk.samples.ndim == 1
        assert chunk.start == pytest.approx(chunks[0].start + number * seconds)
        assert len(chunk.samples) == size or number == len(chunks) - 1
        assert np.abs(chunk.samples).max() <= 1
    return np.concatenate([chunk.samples for chunk in chunks])


def pitch(samples: NDArray[np.float32], rate: int = RATE) -> float:
    """The loudest frequency, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


@pytest.mark.parametrize(
    ("name", "codec", "container", "rate"),
    [("a.wav", "pcm_s16le", None, 11025), ("a.wav", "pcm_u8", None, 11025),
     ("a.wav", "pcm_s24le", None, 44100), ("a.wav", "pcm_s32le", None, 44100),
     ("a.wav", "pcm_f32le", None, 44100), ("a.wav", "pcm_f64le", None, 48000),
     ("a.wav", "pcm_s16le", None, RATE), ("a.wav", "pcm_mulaw", None, 8000),
     ("a.wav", "libmp3lame", None, 22050), ("a.mp3", "libmp3lame", None, 44100),
     ("a.flac", "flac", None, 44100), ("a.ogg", "libopus", "ogg", 48000),
     ("a.m4a", "aac", "ipod", 44100), ("a.aac", "aac", "adts", 44100),
     ("a.aiff", "pcm_s16be", None, 22050), ("a.mka", "aac", "matroska", 44100),
     ("a.wma", "wmav2", "asf", 44100), ("a.webm", "libopus", None, 48000)],
)  # fmt: skip
def test_formats(tmp_path: Path, name: str, codec: str, container: str | None, rate: int) -> None:
    path = makers.write_sound(tmp_path / name, tone(2.5, rate), rate, codec, container)
    samples = heard(path)
    assert len(samples) / RATE == pytest.approx(2.5, abs=0.1)
    middle = samples[RATE // 2 : 2 * RATE]
    assert pitch(middle) == pytest.approx(440, abs=1)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)
    info = probe_audio(path)
    assert (info.rate, info.channels) == (rate, 1)
    assert info.duration == pytest.approx(2.5, abs=0.1)


@pytest.mark.parametrize("channels", [2, 6])
def test_channels_are_averaged(tmp_path: Path, channels: int) -> None:
    sides = np.zeros((channels, 8000), dtype=np.float32)
    sides[:2] = tone(1, 8000, level=0.9)
    samples = heard(makers.write_sound(tmp_path / "a.wav", sides, 8000, "pcm_s16le"))
    expected = 0.9 * 2 / channels
    assert np.abs(samples).max() == pytest.approx(expected, rel=0.02)
    assert probe_audio(tmp_path / "a.wav").channels == channels


def test_eight_bits_are_unsigned(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(makers.riff(1, 1, RATE, 8, bytes([128] * 100 + [0] * 100 + [255] * 100)))
    samples = heard(path)
    assert samples[[0, 150, 250]] == pytest.approx([0, -1, 127 / 128])


def test_float_samples_past_full_scale(tmp_path: Path) -> None:
    raw = np.array([0.5, 3.0, -3.0, np.nan, np.inf, -np.inf] * 100, dtype="<f4")
    path = tmp_path / "a.wav"
    path.write_bytes(makers.riff(3, 1, RATE, 32, raw.tobytes()))
    assert heard(path)[:6] == pytest.approx([0.5, 1, -1, 0, 1, -1])


@pytest.mark.parametrize("claimed", [0, 0xFFFFFFFF, 0x7FFFFFFF, 10**6])
def test_headers_that_lie_about_the_length(tmp_path: Path, claimed: int) -> None:
    data = (tone(1, RATE) * 32767).astype("<i2").tobytes()
    path = tmp_path / "a.wav"
    path.write_bytes(makers.riff(1, 1, RATE, 16, data, claimed))
    assert len(heard(path)) == pytest.approx(RATE, abs=2)
    assert probe_audio(path).duration == pytest.approx(1, abs=0.01)


def test_a_length_past_the_end_of_the_file(tmp_path: Path) -> None:
    path = makers.write_sound(tmp_path / "a.aiff", tone(4, RATE), RATE, "pcm_s16be")
    path.write_bytes(path.read_bytes()[: RATE * 4])
    assert probe_audio(path).duration == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("rate", [1, 2_000_000_000])
def test_sampling_rates_of_damaged_headers(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(makers.riff(1, 1, rate, 8, bytes(1000)))
    with pytest.raises(CorruptMedia, match="sampling rate"):
        list(read_audio(path, RATE, 1))


def test_chunks_of_any_length(tmp_path: Path) -> None:
    path = makers.write_sound(tmp_path / "a.wav", tone(2.5, RATE), RATE, "pcm_s16le")
    for seconds in (0.1, 0.7, 1.0, 2.5, 10.0):
        assert len(heard(path, seconds=seconds)) == 2.5 * RATE


def test_the_soundtrack_of_a_video(tmp_path: Path) -> None:
    frames = [(i * 40, makers.corners(64, 48)) for i in range(50)]
    path = makers.write_video(tmp_path / "a.mp4", frames, sound=2.0)
    samples = heard(path)
    assert len(samples) / RATE == pytest.approx(2.0, abs=0.1)
    assert pitch(samples[3000:28000]) == pytest.approx(440, abs=1)


def test_sound_that_begins_later_than_the_pictures(tmp_path: Path) -> None:
    frames = [(i * 40, makers.corners(64, 48)) for i in range(100)]
    path = makers.write_video(tmp_path / "a.mkv", frames, sound=1.0, sound_start=2.0)
    first = next(read_audio(path, RATE, 1.0))
    assert first.start == pytest.approx(2.0, abs=0.05)


def test_silent_windows_are_skipped(tmp_path: Path, settings: Settings) -> None:
    quiet = np.zeros(RATE * 10, dtype=np.float32)
    sound = np.concatenate([tone(10, RATE), quiet, tone(10, RATE), quiet, tone(3, RATE)])
    path = makers.write_sound(tmp_path / "a.wav", sound, RATE, "pcm_s16le")
    windows = list(read_windows(path, settings, RATE))
    assert [window.start for window in windows] == [0, 20, 40]
    assert len(windows[-1].samples) == 3 * RATE
    silent = makers.write_sound(tmp_path / "b.wav", quiet, RATE, "pcm_s16le")
    assert list(read_windows(silent, settings, RATE)) == []


def test_slivers_are_dropped_unless_alone(tmp_path: Path, settings: Settings) -> None:
    for seconds, starts in ((0.4, [0]), (10.4, [0]), (11.0, [0, 10])):
        path = makers.write_sound(tmp_path / "a.wav", tone(seconds, RATE), RATE, "pcm_s16le")
        assert [window.start for window in read_windows(path, settings, RATE)] == starts


def test_window_length_is_a_setting(tmp_path: Path, settings: Settings) -> None:
    path = makers.write_sound(tmp_path / "a.wav", tone(6, RATE), RATE, "pcm_s16le")
    short = dataclasses.replace(settings, window_seconds=2.0)
    assert [window.start for window in read_windows(path, short, RATE)] == [0, 2, 4]


def test_is_silent() -> None:
    quiet = np.zeros(RATE, dtype=np.float32)
    assert is_silent(quiet, RATE, -60)
    assert is_silent(quiet[:0], RATE, -60)
    assert is_silent(quiet + 0.5, RATE, -60), "an offset is no sound"
    assert is_silent(tone(1, RATE, level=0.0013), RATE, -60)
    assert not is_silent(tone(1, RATE, level=0.0016), RATE, -60)
    assert not is_silent(tone(0.01, RATE), RATE, -60)
    click = quiet.copy()
    click[5000:5800] = tone(0.05, RATE, level=0.003)
    assert not is_silent(click, RATE, -60), "the loudest 50 ms count, not the mean"


def test_damaged_packets_are_skipped(tmp_path: Path) -> None:
    path = makers.write_sound(tmp_path / "a.mp3", tone(4, 22050), 22050, "libmp3lame")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 500] = np.random.default_rng(0).bytes(500)
    path.write_bytes(data)
    assert len(heard(path)) / RATE == pytest.approx(4, abs=0.3)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp3", "libmp3lame")]
)
def test_a_file_that_breaks_off_gives_what_it_has(tmp_path: Path, name: str, codec: str) -> None:
    path = makers.write_sound(tmp_path / name, tone(4, 22050), 22050, codec)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert 1.3 < len(heard(path)) / RATE < 2.5


def test_what_is_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"")
    with pytest.raises(EmptyMedia, match="no bytes"):
        list(read_audio(path, RATE, 1))
    path.write_bytes(makers.riff(1, 1, RATE, 16, b""))
    with pytest.raises(EmptyMedia, match="no samples"):
        list(read_audio(path, RATE, 1))
    for seed in range(5):
        path.write_bytes(np.random.default_rng(seed).bytes(5000))
        with pytest.raises((CorruptMedia, EmptyMedia)) as caught:
            list(read_audio(path, RATE, 1))
        assert str(tmp_path) not in str(caught.value)
    with pytest.raises(UnreadableMedia, match="vanished"):
        list(read_audio(tmp_path / "gone.wav", RATE, 1))
    with pytest.raises(UnreadableMedia, match="cannot be read"):
        list(read_audio(tmp_path, RATE, 1))


def test_a_video_without_sound(tmp_path: Path) -> None:
    path = makers.write_video(tmp_path / "a.mp4", [(0, makers.corners(64, 48))])
    with pytest.raises(EmptyMedia, match="no soundtrack"):
        list(read_audio(path, RATE, 1))
    with pytest.raises(EmptyMedia, match="no soundtrack"):
        probe_audio(path)


def test_the_decoder_is_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = makers.write_sound(tmp_path / "a.mp3", tone(1, 22050), 22050, "libmp3lame")
    capfd.readouterr()
    data = bytearray(path.read_bytes())
    data[800:1600] = bytes(800)
    path.write_bytes(data)
    heard(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_an_mp3_under_a_pictures_name_is_heard(tmp_path: Path, suffix: str) -> None:
    song = Path(find_spec("pygame").submodule_search_locations[0]) / "examples/data/house_lo.mp3"
    path = tmp_path / f"song{suffix}"
    path.write_bytes(song.read_bytes())
    assert probe_audio(path).duration == pytest.approx(probe_audio(song).duration)
    assert sum(len(chunk.samples) for chunk in read_audio(path, 8000, 1.0)) > 8000
