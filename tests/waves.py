"""Waveforms that tests hear: tones, noise, and WAV files of them."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 44_100


def tone(hertz: float, seconds: float = 1.0, partials: int = 1) -> NDArray[np.float32]:
    """A sine with its first overtones, in [-1, 1]."""
    time = np.arange(int(RATE * seconds)) / RATE
    waves = [np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, partials + 1)]
    return (np.sum(waves, axis=0) / partials).astype(np.float32)


def noise(seconds: float = 1.0, seed: int = 0) -> NDArray[np.float32]:
    """White noise."""
    return np.random.default_rng(seed).normal(0, 0.1, int(RATE * seconds)).astype(np.float32)


def write(path: Path, samples: NDArray[np.float32]) -> Path:
    """A mono WAV of 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return path
