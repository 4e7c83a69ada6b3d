"""The outline of a whole sound at one resolution, of which any stretch is drawn at once."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import EmptyMedia
from engine.media.envelope import envelope

_A_SECOND = 100
"""Columns of a second of what is no longer than ten minutes."""
_MOST = 60_000
"""Columns of what is longer: 240 kB."""
_HEAD = struct.Struct("<5sdI")
MARKS = (b"peaks", b".")
"""The first and the last bytes of what is written to a file."""
_FULL_SCALE = 32_767


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """The least and the greatest sample of each column of time."""

    duration: float
    """Seconds."""
    outline: NDArray[np.int16]
    """(2, columns), 32,767 is full scale."""

    @property
    def rate(self) -> float:
        """Columns a second."""
        columns: int = self.outline.shape[1]
        return columns / self.duration

    def between(self, start: float, end: float, buckets: int) -> NDArray[np.float32]:
        """Return the least and greatest sample of each of some equal stretches, float32 (2, n).

        What lies past the end is 0.
        """
        columns = self.outline.shape[1]
        edges = np.linspace(start * self.rate, end * self.rate, buckets + 1)
        found = np.zeros((2, buckets), np.float32)
        begins = np.floor(edges[:-1]).astype(np.int64)
        inside = int(np.count_nonzero(begins < columns))
        if inside:
            kept = self.outline[:, : max(ceil(edges[-1]), int(begins[inside - 1]) + 1)]
            found[0, :inside] = np.minimum.reduceat(kept[0], begins[:inside])
            found[1, :inside] = np.maximum.reduceat(kept[1], begins[:inside])
        return found / np.float32(_FULL_SCALE)

    def to_bytes(self) -> bytes:
        """Return all of it, for a file."""
        begin, end = MARKS
        samples = self.outline.astype("<i2")
        return _HEAD.pack(begin, self.duration, samples.shape[1]) + samples.tobytes() + end

    @classmethod
    def from_bytes(cls, content: bytes) -> Peaks:
        """Return what ``to_bytes`` has written.

        Raises:
            ValueError: it is something else.
        """
        if len(content) < _HEAD.size:
            raise ValueError("no peaks")
        _, duration, columns = _HEAD.unpack_from(content)
        if not duration > 0 or not columns or len(content) != _HEAD.size + 4 * columns + 1:
            raise ValueError("no peaks")
        samples = np.frombuffer(content, "<i2", 2 * columns, _HEAD.size)
        return cls(duration, samples.astype(np.int16).reshape(2, -1))


def read_peaks(path: Path, duration: float) -> Peaks:
    """Read all of a sound, or of the soundtrack of a video; an hour takes some seconds.

    Raises:
        EmptyMedia, UnreadableMedia, CorruptMedia: as ``envelope``.
    """
    if not duration > 0:
        raise EmptyMedia("no samples")
    columns = min(_MOST, max(1, ceil(duration * _A_SECOND)))
    outline = envelope(path, columns, 0.0, duration, longest=duration)
    samples = np.rint(np.clip(outline, -1, 1) * _FULL_SCALE)
    return Peaks(duration, samples.astype(np.int16))
