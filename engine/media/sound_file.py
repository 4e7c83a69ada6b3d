"""Sound as the bytes of a file: WAV, FLAC, MP3, Opus in Ogg, AAC, or samples alone."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec import Codec

from engine.errors import UsageError
from engine.types.arrays import Waveform

PCM_RATE = 24_000
"""Samples per second of samples alone, as OpenAI's speech has them."""
_FRAME = 1_024
"""Samples that are handed to an encoder at a time; it asks for its own number of them."""


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """A form of files, and what writes it."""

    container: str
    codec: str
    mime: str
    rate: int | None = None
    """Samples per second, where it takes no other."""
    bit_rate: int | None = None


_FORMATS = {
    "wav": SoundFormat("wav", "pcm_s16le", "audio/wav"),
    "pcm": SoundFormat("s16le", "pcm_s16le", "audio/pcm", PCM_RATE),
    "flac": SoundFormat("flac", "flac", "audio/flac"),
    "mp3": SoundFormat("mp3", "libmp3lame", "audio/mpeg", 24_000, 64_000),
    "opus": SoundFormat("ogg", "libopus", "audio/ogg", 48_000, 48_000),
    "aac": SoundFormat("adts", "aac", "audio/aac", 24_000, 64_000),
}


def sound_formats() -> dict[str, SoundFormat]:
    """Return the formats whose encoders this FFmpeg has, by their names."""
    return {name: each for name, each in _FORMATS.items() if _has_encoder(each.codec)}


def _has_encoder(codec: str) -> bool:
    try:
        Codec(codec, "w")
    except (ValueError, av.error.FFmpegError):
        return False
    return True


def sound_file(samples: Waveform, rate: int, name: str) -> bytes:
    """Return samples (n,), float32 in [-1, 1], as a file of a format.

    Args:
        rate: samples per second; where a format takes no other than its own, it has that.

    Raises:
        UsageError: no such format can be written here.
    """
    form = sound_formats().get(name)
    if form is None:
        raise UsageError(f"no sound can be written as {name!r}; there is {', '.join(_FORMATS)}")
    stream = io.BytesIO()
    with av.open(stream, "w", format=form.container) as out:
        track = cast("AudioStream", out.add_stream(form.codec, rate=form.rate or rate))
        track.layout = "mono"
        if form.bit_rate is not None:
            track.bit_rate = form.bit_rate
        resampler = AudioResampler(track.format, "mono", track.rate, track.frame_size or None)
        scaled = np.rint(np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16)
        for first in range(0, len(scaled), _FRAME):
            frame = AudioFrame.from_ndarray(scaled[None, first : first + _FRAME], "s16", "mono")
            frame.rate, frame.pts = rate, first
            for ready in resampler.resample(frame):
                out.mux(track.encode(ready))
        for ready in resampler.resample(None):
            out.mux(track.encode(ready))
        out.mux(track.encode(None))
    return stream.getvalue()
