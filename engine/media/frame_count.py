"""Count the frames of a picture that is opened, up to where its file is cut."""

from __future__ import annotations

import struct

from PIL import Image

_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, struct.error)
"""Errors of Pillow about the header of a frame; some readers miss that the file has ended."""


def count_frames(image: Image.Image) -> int:
    """Count frames worth showing: the further pictures of an MPO are depth maps and the like."""
    if image.format in ("MPO", "JPEG"):
        return 1
    current = image.tell()
    try:
        return int(getattr(image, "n_frames", 1))
    except _DAMAGE:
        count = image.tell() + 1  # the last whose header is whole, and those before it
        image.seek(current)
        return count
