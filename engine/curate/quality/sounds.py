"""Clipping, silence and noise of a recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.config import Settings
from engine.media.audio import probe_audio, read_audio
from engine.types.arrays import Waveform

_CHUNK, _LONGEST = 10.0, 600.0
"""Seconds that are in memory at a time, and seconds of a recording that are measured."""
_LEVELS = 20_000
"""Steps in which loudness is counted."""
_TOP, _NEXT = 0.001, 0.01
"""Shares of the loudest level: clipped samples pile up above the first, and not the second."""
_BLOCK = 0.05
"""Seconds of one measure of loudness."""
_FRAME = 2_048
"""Samples of one spectrum."""
_LOW, _HIGH = 100.0, 6_000.0
"""Hertz between which a spectrum is looked at: above, lossy codecs leave nothing."""
_WHITE = 0.5615
"""The flatness of one frame of white noise: e to the minus Euler's constant."""


@dataclass(slots=True)
class _Recording:
    """Running counts over the chunks of a recording."""

    rate: int
    floor: float
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_LEVELS + 1, np.int64))
    quiet: int = 0
    blocks: int = 0
    flatness: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, samples: Waveform) -> None:
        loud = np.minimum(np.abs(samples), 1)
        self.counts += np.bincount((loud * _LEVELS).astype(np.int64), minlength=_LEVELS + 1)
        size = max(1, round(_BLOCK * self.rate))
        starts = np.arange(0, len(samples), size)
        lengths = np.diff(np.append(starts, len(samples)))
        centred = samples - samples.mean(dtype=np.float64)
        power = np.add.reduceat(np.square(centred, dtype=np.float64), starts) / lengths
        self.quiet += int((power < self.floor).sum())
        self.blocks += len(power)
        self.flatness.append(_flatness(centred.astype(np.float32), self.rate, self.floor))


def measure(path: Path, settings: Settings) -> dict[str, float]:
    """Measure the first ten minutes of a recording; returns a value by verdict.

    Raises:
        MediaError: it cannot be read.
    """
    rate = probe_audio(path).rate  # its own, since filters round the tops off
    heard = _Recording(rate, 10 ** (settings.silence_db / 10))
    for chunk in read_audio(path, rate, _CHUNK):
        heard.add(chunk.samples)
        if chunk.start + _CHUNK >= _LONGEST:
            break
    found = {"silent": heard.quiet / max(heard.blocks, 1), "clipped": clipping(heard.counts)}
    flat = np.concatenate(heard.flatness)
    return found | ({"noisy": float(np.median(flat))} if len(flat) else {})


def clipping(counts: NDArray[np.int64]) -> float:
    """Return the share of samples that pile up at the loudest level.

    They are counted less those just below it: of a sine, or of anything that was not cut off,
    there are no more.

    Args:
        counts: of samples by loudness.
    """
    loudest = int(np.flatnonzero(counts)[-1])
    top = round(loudest * (1 - _TOP))
    below = round(loudest * (1 - _NEXT))
    piled = counts[top:].sum() - counts[below:top].sum()
    return max(0.0, float(piled) / float(counts.sum())) if loudest > _LEVELS // 100 else 0.0


def _flatness(samples: Waveform, rate: int, floor: float) -> NDArray[np.float64]:
    """Return the spectral flatness of every frame that is not silent, white noise as 1."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    frames = frames[np.square(frames, dtype=np.float64).mean(axis=1) > floor]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1)) ** 2
    low = round(_LOW * _FRAME / rate)
    band = power[:, low : max(low + 8, min(round(_HIGH * _FRAME / rate), _FRAME * 9 // 20))]
    band = band + 1e-12
    flat: NDArray[np.float64] = np.exp(np.log(band).mean(axis=1)) / band.mean(axis=1) / _WHITE
    return np.minimum(flat, 1)
