"""Outlines of whole sounds, and frames of videos side by side."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from engine.errors import EmptyMedia
from engine.media.envelope import envelope
from engine.media.peaks import Peaks, read_peaks
from engine.media.strip import strip
from tests import media_files as make


def test_peaks_are_those_of_the_sound(tmp_path):
    sound = make.sound(tmp_path / "a.wav", (0, 1.0), (300, 1.0), (0, 1.0))
    peaks = Peaks.from_bytes(read_peaks(sound, 3.0).to_bytes())
    whole = peaks.between(0, 3, 6)
    assert np.abs(whole - envelope(sound, 6)).max() < 0.02
    assert (whole[1] > 0.4).tolist() == [False, False, True, True, False, False]
    assert peaks.between(1.0, 2.0, 50).min() < -0.4 and peaks.between(2.5, 5, 4).shape == (2, 4)
    assert not peaks.between(9, 12, 3).any()


def test_what_are_no_peaks_are_refused(tmp_path):
    whole = read_peaks(make.sound(tmp_path / "a.wav", (300, 1.0)), 1.0).to_bytes()
    for content in (b"", b"peaks", whole[:-2]):
        with pytest.raises(ValueError, match="no peaks"):
            Peaks.from_bytes(content)
    with pytest.raises(EmptyMedia):
        read_peaks(tmp_path / "a.wav", 0.0)


def test_a_strip_has_frames_evenly_apart(tmp_path, settings):
    video = make.video(tmp_path / "a.mp4", ("red", "green", "blue"), 1.0)
    picture = Image.open(io.BytesIO(strip(video, settings, 3.0, 6, 24))).convert("RGB")
    assert picture.size == (6 * 32, 24)
    seen = [np.argmax(picture.getpixel((32 * at + 16, 12))) for at in range(6)]
    assert seen == [0, 0, 1, 1, 2, 2]
