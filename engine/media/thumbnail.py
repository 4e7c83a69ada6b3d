"""A small JPEG of a moment, for eyes and for models that see."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.config import Settings
from engine.media.sniff import not_media, sniff
from engine.types import Kind

SIDE = 320
"""Pixels of the longest side, unless it is asked for otherwise."""
_QUALITY = 80
_INK = np.array([52, 88, 140], np.uint8)
_PAPER = np.array([255, 255, 255], np.uint8)
_LOUDEST_GAIN = 10.0
"""Greatest factor by which a quiet sound is drawn larger, so that noise stays a line."""


def thumbnail(
    path: Path,
    settings: Settings,
    start: float | None = None,
    end: float | None = None,
    *,
    ordinal: int = 0,
    side: int = SIDE,
) -> bytes:
    """Make a JPEG of a file, or of one moment in it: RGB, upright, over white, no metadata.

    Args:
        start: seconds; of a video, what is shown then (None: a tenth of the way in), and
            of a sound, where the drawn stretch begins (None: at its start).
        end: seconds; of a sound, where the stretch ends (None: at its end, or after ten
            minutes).
        ordinal: the frame of an animation, or the page of a TIFF.
        side: pixels that the longest side has at most. Pictures are never enlarged; a
            drawn sound is just so wide, and half as high.

    Raises:
        UnsupportedMedia: it is no media that Sensorium reads.
        EmptyMedia, UnreadableMedia, MediaTooLarge, CorruptMedia: as the readers of
            pictures, videos and sounds have it.
    """
    media = sniff(path)
    if media is None:
        raise not_media(path)
    match media.kind:
        case Kind.IMAGE:
            from engine.media.image import read_frame

            return _jpeg(read_frame(path, settings, ordinal, side).image, side)
        case Kind.VIDEO:
            from engine.media.video import read_still

            return _jpeg(read_still(path, settings, start, side), side)
        case Kind.AUDIO:
            from engine.media.envelope import envelope

            return _jpeg(_drawn(envelope(path, side, start, end), max(2, side // 2)), side)


def _jpeg(image: Image.Image, side: int) -> bytes:
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    image.info.clear()  # of which Pillow would keep a comment
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()


def _drawn(outline: NDArray[np.float32], height: int) -> Image.Image:
    """Draw the outline (2, width) of a sound as a picture, silence in the middle.

    The loudest column reaches the edges, unless the sound is quieter than a tenth of
    full scale.
    """
    gain = min(_LOUDEST_GAIN, 1 / max(float(np.abs(outline).max()), 1e-9))
    low, high = np.rint((1 - outline * gain) * (height - 1) / 2)
    rows = np.arange(height)[:, np.newaxis]
    inked = (rows >= high) & (rows <= low)
    pixels = np.where(inked[..., np.newaxis], _INK, _PAPER)
    return Image.fromarray(pixels)
