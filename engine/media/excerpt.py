"""A span of a sound as a small WAV file, for those who listen from afar."""

from __future__ import annotations

import wave
from io import BytesIO
from pathlib import Path

import numpy as np

from engine.errors import EmptyMedia
from engine.media.audio import read_audio
from engine.types.arrays import Waveform

RATE = 16_000
"""Samples a second: enough to understand speech and to know a sound."""


def wav_excerpt(path: Path, start: float, seconds: float) -> bytes:
    """Return a span of the sound of a file as a WAV file of 16 bits, mono, 16 kHz.

    Args:
        start: seconds from the start of the file.

    Raises:
        MediaError: the file cannot be read, or has no sound there.
    """
    samples = samples_of(path, start, seconds, RATE)
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def samples_of(path: Path, start: float, seconds: float, rate: int) -> Waveform:
    """Return a span of the sound of a file, mono, (n,).

    Args:
        start: seconds from the start of the file.
        rate: samples per second of the result.

    Raises:
        MediaError: the file cannot be read, or has no sound there.
    """
    end = start + seconds
    parts = []
    for chunk in read_audio(path, rate, 1.0):
        if chunk.start >= end:
            break
        first = round((start - chunk.start) * rate)
        parts.append(chunk.samples[max(first, 0) : max(round((end - chunk.start) * rate), 0)])
    samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    if not len(samples):
        raise EmptyMedia(f"it has no sound at {start:g} s")
    return samples
