"""The outline of a sound: how far it swings in each of some columns of time."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from engine.errors import EmptyMedia
from engine.media import container as containers
from engine.media.audio import decoded, mono_samples, soundtrack

_LONGEST = 600.0
"""Seconds that are drawn, and decoded, unless more are asked for: about a second of work."""
_SHORTEST = 0.05
"""Seconds below which there is nothing to see."""
_LEAD = 0.1
"""Seconds before the wanted ones to seek to: a codec's first frame after it is half heard."""


def envelope(
    path: Path,
    columns: int,
    start: float | None = None,
    end: float | None = None,
    *,
    longest: float = _LONGEST,
) -> NDArray[np.float32]:
    """Return the least and the greatest sample of each column, float32 (2, columns) in [-1, 1].

    Args:
        start: seconds; None is the start of the file.
        end: seconds; None is the end of the file. What the sound does not reach is 0.
        longest: seconds that are read at most: of what is longer, the first so many.

    Raises:
        EmptyMedia: no bytes, no soundtrack, or nothing to be heard of in that time.
        UnreadableMedia: the file cannot be opened or read.
        CorruptMedia: nothing of it can be decoded.
    """
    with containers.open_container(path) as container:
        stream = soundtrack(container)
        first = max(0.0, start or 0.0)
        last = containers.duration(container, stream) if end is None else end
        seconds = min(longest, max(_SHORTEST, last - first))
        zero = containers.origin(container) + first
        if first > 0 and containers.jumps(container) is None:
            _seek(container, stream, zero - _LEAD)
        return _outline(container, stream, zero, columns, seconds / columns)


def _seek(container: InputContainer, stream: AudioStream, time: float) -> None:
    assert stream.time_base is not None
    with suppress(*containers.DECODE_ERRORS):  # then what comes before is decoded as well
        container.seek(int(max(0.0, time) / stream.time_base), stream=stream)


def _outline(
    container: InputContainer, stream: AudioStream, zero: float, columns: int, width: float
) -> NDArray[np.float32]:
    found = np.zeros((2, columns), np.float32)
    heard, spent, following = False, 0.0, zero
    for frame in decoded(container, stream):
        begins = following if frame.time is None else frame.time
        length = frame.samples / frame.sample_rate
        following, spent = begins + length, spent + length
        heard = _draw(found, frame, (begins - zero) / width, width) or heard
        # The second is for files that no seek moves: what is wanted may lie hours ahead.
        if following >= zero + columns * width or spent > max(2 * _LONGEST, columns * width):
            break
    if not heard:
        raise EmptyMedia("no samples at that time")
    return found


def _draw(found: NDArray[np.float32], frame: AudioFrame, column: float, width: float) -> bool:
    """Widen the columns by one frame that begins at ``column``; whether it reaches any."""
    samples = mono_samples(frame)
    times = column + np.arange(len(samples)) / (frame.sample_rate * width)
    inside = (times >= 0) & (times < found.shape[1])
    places = times[inside].astype(np.int64)
    np.minimum.at(found[0], places, samples[inside])
    np.maximum.at(found[1], places, samples[inside])
    return bool(inside.any())
