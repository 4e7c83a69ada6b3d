"""One budget for the memory that pictures are decoded in, shared by all threads.

Two pictures of 400 million pixels would take 9 GB side by side. What a picture needs is
known from its header, so it waits until there is room; what needs more than the whole
budget is refused by a line that names the setting.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from PIL import Image

from engine.config import Settings
from engine.errors import MediaTooLarge

_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_STORED_COLOUR = 4
"""Bytes of a pixel as Pillow keeps it, of every other mode."""
_BESIDE = {"WEBP": 8, "AVIF": 8, "HEIF": 8, "JPEG2000": 12, "GIF": 8, "DDS": 4, "ICO": 8}
"""Bytes of a pixel that a decoder needs beside the picture, by format."""
_PROGRESSIVE = 3
"""Bytes of a pixel that a progressive JPEG keeps as coefficients, before it is reduced."""
_CONVERTED = 8
"""Bytes of a pixel for a conversion of a picture that is not reduced."""


class DecodeMemory:
    """Bytes that may be in use at the same time, given out in the order of asking."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def used(self) -> int:
        """Bytes that are in use."""
        return self._used

    @contextmanager
    def reserved(self, nbytes: int, patience: float | None = None) -> Iterator[None]:
        """Have ``nbytes`` for the length of a ``with``, waiting until they are free.

        Args:
            patience: seconds after which they count as free.
        """
        nbytes = min(nbytes, self.limit)
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                self._changed.wait_for(
                    lambda: self._queue[0] is ticket and self._used + nbytes <= self.limit,
                    patience,
                )
                self._used += nbytes
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._used -= nbytes
                self._changed.notify_all()


@cache
def shared_memory(limit: int) -> DecodeMemory:
    """Return the budget of this size that all threads of the process share."""
    return DecodeMemory(limit)


def decoding(nbytes: int, settings: Settings) -> DecodeMemory:
    """Return the budget that ``nbytes`` can be reserved in.

    Raises:
        MediaTooLarge: it is more than ``settings.decode_memory``.
    """
    limit = settings.decode_memory
    if nbytes > limit:
        raise MediaTooLarge(
            f"decoding takes {nbytes / 2**30:,.1f} GiB, past the limit of"
            f" {limit / 2**30:,.1f} (SENSORIUM_DECODE_MEMORY)"
        )
    return shared_memory(limit)


def needed(image: Image.Image, full_size: tuple[int, int], min_side: int) -> int:
    """Return the bytes that decoding and reducing a picture takes, as its header tells.

    Args:
        full_size: its width and height; those of ``image`` may be reduced by its draft.
    """
    pixels = image.width * image.height
    nbytes = pixels * (_STORED.get(image.mode, _STORED_COLOUR) + _BESIDE.get(image.format or "", 0))
    if image.info.get("progressive"):
        nbytes += full_size[0] * full_size[1] * _PROGRESSIVE
    if min(image.size) < 2 * min_side:
        nbytes += pixels * _CONVERTED
    return nbytes
