"""Spans of a sound as small WAV files."""

from __future__ import annotations

import wave
from io import BytesIO

import numpy as np
import pytest

from engine.errors import EmptyMedia, MediaError
from engine.media.excerpt import RATE, wav_excerpt
from tests import media_files as make


def samples(content: bytes) -> np.ndarray:
    with wave.open(BytesIO(content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767


def pitch(heard: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(heard)).argmax() * RATE / len(heard))


@pytest.fixture
def sound(tmp_path):
    """Two seconds of 400 Hz, and two of 1,000."""
    make.sound(tmp_path / "a.wav", (400, 2.0), (1000, 2.0))
    return tmp_path / "a.wav"


@pytest.mark.parametrize(
    ("start", "seconds", "length", "hertz"),
    [(0, 1.5, 1.5, 400), (0.3, 0.5, 0.5, 400), (2.25, 1.5, 1.5, 1000), (3.5, 9, 0.5, 1000)],
)
def test_a_span_is_what_is_heard_then(sound, start, seconds, length, hertz):
    heard = samples(wav_excerpt(sound, start, seconds))
    assert len(heard) == pytest.approx(length * RATE, abs=RATE // 100)
    assert pitch(heard) == pytest.approx(hertz, rel=0.01)


def test_past_the_end_there_is_no_sound(sound):
    with pytest.raises(EmptyMedia, match="no sound at 9 s"):
        wav_excerpt(sound, 9, 1)


def test_a_picture_has_no_sound(tmp_path):
    make.picture(tmp_path / "a.png")
    with pytest.raises(MediaError):
        wav_excerpt(tmp_path / "a.png", 0, 1)
