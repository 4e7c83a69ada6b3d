"""Any soundtrack as mono windows at one rate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from engine.config import Settings
from engine.errors import CorruptMedia, EmptyMedia
from engine.media import container as containers
from engine.media import container_dates
from engine.media.dates import date_of
from engine.types.arrays import Waveform

_BLOCK_SECONDS = 0.05
"""Loudness is taken over 50 ms: shorter than a syllable, longer than a click."""
_SLIVER_SECONDS = 1.0
"""A last window shorter than this says nothing that the one before does not."""
_GAP_SECONDS = 0.5
"""Seconds without samples, by the times of the frames, past which a soundtrack has a gap."""
_LOWEST_RATE, _HIGHEST_RATE = 1_000, 1_000_000
"""Samples per second past which a header is damaged, and would fill hours or memory."""
_IMA, _BLOCKS = "adpcm_ima_wav", 4
"""The codec whose blocks say how many channels they have, and how many are asked."""
_OFFSET_AND_SCALE = {"u1": (128.0, 2.0**-7), "i2": (0.0, 2.0**-15), "i4": (0.0, 2.0**-31)}
"""Per integer sample type, what silence is and what makes full scale 1."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """A soundtrack before it is decoded."""

    duration: float
    """Seconds."""
    rate: int
    """Samples per second, as stored."""
    channels: int
    place: tuple[float, float] | None = None
    """Latitude and longitude in degrees."""
    caption: str | None = None
    """Title, description and comment."""
    taken_at: str | None = None
    """ISO 8601 without a zone."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of sound."""

    start: float
    """Seconds from the start of the file."""
    samples: Waveform
    """Mono, shape (n,), float32 in [-1, 1]."""


def probe_audio(path: Path) -> AudioInfo:
    """Length, rate, channels and metadata, from the header where that can be trusted.

    Raises:
        EmptyMedia: no bytes, or no soundtrack.
        UnreadableMedia: the file cannot be opened or read.
        CorruptMedia: FFmpeg finds no container in it.
    """
    with containers.open_container(path) as container:
        stream = soundtrack(container)
        seconds = containers.duration(container, stream)
        if stream.codec_context.name.startswith("pcm_") and stream.codec_context.bit_rate:
            # A file that was cut off still claims its whole length.
            seconds = min(seconds, container.size * 8 / stream.codec_context.bit_rate)
        place, caption = containers.place_of(container), containers.caption_of(container)
        made = date_of(container_dates.date_claims(container))
        return AudioInfo(seconds, stream.rate, stream.channels, place, caption, made)


def read_audio(path: Path, rate: int, seconds: float) -> Iterator[Chunk]:
    """Yield the soundtrack in consecutive chunks of ``seconds``, the last one shorter.

    Time is counted in decoded samples, from where the soundtrack begins on the
    timeline of the file. A gap in the sound ends a chunk, and the next one begins where
    the sound goes on, so that sound and pictures stay together. Packets that cannot be
    decoded are skipped, and where the file breaks off, what came before it counts.

    Args:
        rate: samples per second of the result.

    Raises:
        EmptyMedia: no bytes, no soundtrack, or no samples.
        UnreadableMedia: the file cannot be opened or read.
        CorruptMedia: nothing of it can be decoded.
    """
    with containers.open_container(path) as container:
        stream = soundtrack(container)
        zero = containers.origin(container)
        start = containers.stream_start(stream) - zero
        start = max(0.0, round(start, 6))  # FFmpeg gives the origin in microseconds
        size = max(1, round(seconds * rate))
        clock = _Clock(zero, start, containers.jumps(container) is not None)
        for begin, pieces in _stretches(_decode(container, stream, rate, clock), start):
            for number, samples in enumerate(_rechunk(pieces, size)):
                yield Chunk(begin + number * size / rate, samples)


def read_windows(path: Path, settings: Settings, rate: int, until: float = inf) -> Iterator[Chunk]:
    """Yield the windows worth hearing: ``read_audio`` without silence and without slivers.

    A file that is silent throughout yields nothing. Errors are those of
    ``read_audio``.

    Args:
        until: seconds of the file from which on nothing is decoded.
    """
    sliver = _SLIVER_SECONDS * rate
    for number, chunk in enumerate(read_audio(path, rate, settings.window_seconds)):
        if chunk.start >= until:
            return
        if number and len(chunk.samples) < sliver:
            continue
        if not is_silent(chunk.samples, rate, settings.silence_db):
            yield chunk


def is_silent(samples: Waveform, rate: int, floor_db: float) -> bool:
    """Tell whether even the loudest 50 ms stay below ``floor_db`` (dBFS, RMS).

    A constant offset, which cheap converters add, is no sound.
    """
    if not len(samples):
        return True
    block = max(1, round(_BLOCK_SECONDS * rate))
    centred = samples - samples.mean(dtype=np.float64)
    starts = np.arange(0, len(samples), block)
    lengths = np.diff(np.append(starts, len(samples)))
    power = np.add.reduceat(np.square(centred, dtype=np.float64), starts) / lengths
    return bool(power.max() < 10 ** (floor_db / 10))


def soundtrack(container: InputContainer) -> AudioStream:
    """Return the soundtrack to decode, on one thread.

    Raises:
        EmptyMedia: there is none.
        CorruptMedia: its sampling rate is none that a recording could have.
    """
    stream = containers.audio_stream(container)
    if stream is None:
        raise EmptyMedia("no soundtrack")
    if not _LOWEST_RATE <= stream.rate <= _HIGHEST_RATE:
        raise CorruptMedia(f"a sampling rate of {stream.rate:,} Hz")
    stream.codec_context.thread_count = 1
    if not stream.codec_context.channels and stream.codec_context.name == _IMA:
        stream.codec_context.layout = _layout_of_blocks(container, stream)
    return stream


def _layout_of_blocks(container: InputContainer, stream: AudioStream) -> str:
    """Return the layout of IMA ADPCM whose header has lost it, as FFmpeg 8 does in NUT.

    A block begins with a sample, an index below 89 and a zero for each channel.
    """
    blocks: list[bytes] = []
    with suppress(*containers.BREAKS), containers.opened_again(container) as again:
        packets = again.demux(again.streams[stream.index])
        blocks.extend(bytes(packet) for packet in islice(packets, _BLOCKS) if packet.size)
    second = [block[6:8] for block in blocks]
    stereo = all(len(header) == 2 and header[0] < 89 and not header[1] for header in second)
    return "stereo" if stereo else "mono"


def decoded(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Yield the frames of a soundtrack as they are stored, from where the container stands.

    Packets that cannot be decoded are skipped.

    Raises:
        EmptyMedia, CorruptMedia: no frame with a sample in it.
    """
    failure: BaseException | None = None
    heard = False
    packets = containers.demuxed(container, stream)
    while True:
        try:
            packet = next(packets, None)
            frames = packet.decode() if packet is not None else []
        except containers.DECODE_ERRORS as error:
            failure = failure or error
            continue
        if packet is None:
            break
        for frame in frames:
            heard = heard or frame.samples > 0
            yield frame
    if not heard and failure is not None:
        raise containers.translate(failure, "sound") from failure
    if not heard:
        raise EmptyMedia("no samples")


def _decode(
    container: InputContainer, stream: AudioStream, rate: int, clock: _Clock
) -> Iterator[Waveform | float]:
    """Mono pieces at ``rate``, of whatever lengths the codec brings.

    Behind a gap comes the time at which the sound goes on, in seconds from the origin.
    """
    resample = _Resampler(rate)
    for frame in decoded(container, stream):
        resumed = clock.resumed(frame)
        if resumed is not None:
            yield from resample.flush()
            yield resumed
        yield from resample(frame)
    yield from resample.flush()


class _Clock:
    """Compares the samples that have come with the times that the frames carry."""

    def __init__(self, zero: float, start: float, jumps: bool) -> None:
        """``jumps``: recordings follow one another, whose ends may overlap."""
        self._zero = zero
        self._expected = start
        self._back = _GAP_SECONDS if jumps else inf

    def resumed(self, frame: AudioFrame) -> float | None:
        """Return when the sound goes on where ``frame`` does not follow the last, else None."""
        resumed: float | None = None
        if frame.time is not None:
            at = round(frame.time - self._zero, 6)
            if not self._expected - self._back <= at <= self._expected + _GAP_SECONDS:
                resumed = self._expected = at
        self._expected += frame.samples / frame.sample_rate
        return resumed


def _stretches(
    pieces: Iterator[Waveform | float], start: float
) -> Iterator[tuple[float, Iterator[Waveform]]]:
    """Yield the parts of a soundtrack between its gaps, each with the time that it begins.

    Each must be read to its end before the next one is asked for.
    """
    begins: list[float] = [start]

    def until_gap() -> Iterator[Waveform]:
        for piece in pieces:
            if isinstance(piece, float):
                begins.append(piece)
                return
            yield piece

    while begins:
        yield begins.pop(), until_gap()


class _Resampler:
    """Frames of any layout and rate to mono at one rate.

    The channels are averaged before FFmpeg resamples: its own mono mix of float
    samples adds them up and overshoots, and it knows no mix for odd layouts.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._source = rate
        self._inner: AudioResampler | None = None

    def __call__(self, frame: AudioFrame) -> Iterator[Waveform]:
        if frame.sample_rate != self._source:  # at the start, or spliced broadcasts
            yield from self.flush()
            self._source = frame.sample_rate
            self._inner = AudioResampler("flt", "mono", self._rate)
        mono = mono_samples(frame)
        if self._inner is None or not mono.size:
            yield mono
            return
        single = AudioFrame.from_ndarray(mono[np.newaxis], format="flt", layout="mono")
        single.sample_rate = self._source
        yield from map(_flat, self._inner.resample(single))

    def flush(self) -> Iterator[Waveform]:
        """Return what the filter still holds; it cannot be used again before a new rate."""
        if self._inner is not None:
            yield from map(_flat, self._inner.resample(None))
            self._inner, self._source = None, self._rate


def _flat(frame: AudioFrame) -> Waveform:
    samples: Waveform = frame.to_ndarray().reshape(-1).astype(np.float32, copy=False)
    limited: Waveform = _limited(samples)
    return limited


def _limited(samples: Any) -> Any:
    """Limit an array of floats to [-1, 1]; what is no number stays none.

    It takes half of what ``np.clip`` does.
    """
    return np.maximum(np.minimum(samples, 1.0), -1.0)


def mono_samples(frame: AudioFrame) -> Waveform:
    """Return the mean of all channels of one frame, (n,) float32 in [-1, 1]."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    kind = f"{samples.dtype.kind}{samples.dtype.itemsize}"
    offset, scale = _OFFSET_AND_SCALE.get(kind, (0.0, 1.0))
    if samples.dtype.kind == "f":
        samples = _limited(samples)
        if np.isnan(samples).any():
            samples = np.nan_to_num(samples)
    mean: NDArray[np.float64] = samples.mean(axis=0, dtype=np.float64)
    return ((mean - offset) * scale).astype(np.float32)


def _rechunk(pieces: Iterator[Waveform], size: int) -> Iterator[Waveform]:
    """Yield the same samples in arrays of ``size``, the last one shorter."""
    pending: list[Waveform] = []
    count = 0
    for piece in pieces:
        pending.append(piece)
        count += len(piece)
        if count >= size:
            joined = np.concatenate(pending)
            whole = count - count % size
            yield from (joined[i : i + size].copy() for i in range(0, whole, size))
            pending, count = [joined[whole:]], count - whole
    if count:
        yield np.concatenate(pending)
