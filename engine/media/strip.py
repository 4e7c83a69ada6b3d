"""Frames of a video as JPEG: a strip for the seek bar of a player, and one in full size."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from engine.config import Settings
from engine.media.video import read_still, read_stills

MOST_FRAMES = 60
_WIDEST = 2
"""The width of a frame by its height, at most: a JPEG has 65,535 columns."""
_QUALITY = 70
_OF_ONE = 92
_LARGEST = 4320
"""Pixels of the shorter side of one frame: 8K."""


def strip(path: Path, settings: Settings, duration: float, frames: int, height: int) -> bytes:
    """Make a JPEG of frames side by side, each as wide as the others, over black.

    Frame ``i`` of ``n`` is what the video shows in the middle of the ``i``-th of ``n`` equal
    stretches of its duration.

    Args:
        duration: seconds.
        frames: how many, ``MOST_FRAMES`` at most.
        height: pixels.

    Raises:
        EmptyMedia, UnreadableMedia, MediaTooLarge, CorruptMedia: as ``read_still``.
    """
    times = [(place + 0.5) * duration / frames for place in range(frames)]
    made: Image.Image | None = None
    width = 0
    for place, picture in enumerate(read_stills(path, settings, times, height)):
        if made is None:
            width = min(_WIDEST * height, max(1, round(picture.width * height / picture.height)))
            made = Image.new("RGB", (width * frames, height))
        picture.thumbnail((width, height), Image.Resampling.BILINEAR)
        left = place * width + (width - picture.width) // 2
        made.paste(picture, (left, (height - picture.height) // 2))
    assert made is not None, "read_stills yields a picture for each time, or raises"
    buffer = io.BytesIO()
    made.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()


def still(path: Path, settings: Settings, time: float) -> bytes:
    """Make a JPEG of what a video shows at a time, in its full size.

    Raises as ``strip``.
    """
    buffer = io.BytesIO()
    read_still(path, settings, time, _LARGEST).save(buffer, "JPEG", quality=_OF_ONE)
    return buffer.getvalue()
