"""One budget for the memory that videos are decoded in, shared by all threads.

A decoder keeps the pictures that others refer to: an 8K video of H.264 takes 870 MB, and
sixteen side by side would take 14 GB. It keeps them as long as it is read, also while what it
gave waits for the encoder, so that a video whose room is taken begins when another ends.
Pictures have a budget of their own: they are decoded in between, and must not wait for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from engine.config import Settings
from engine.media.decode_memory import DecodeMemory

if TYPE_CHECKING:
    from av.video.stream import VideoStream

_KEPT = {"h264": 18, "hevc": 18, "vvc": 18, "av1": 12, "libdav1d": 12, "vp9": 12}
"""Pictures that a decoder holds at most: those that others may refer to, and two on their way."""
_KEPT_BY_OTHERS = 6
_PATIENCE = 60.0
"""Seconds after which a video is read all the same: what has the room may wait for its reader."""
_BITS = 12
"""Bits of a pixel in memory, where the stream does not say."""


@contextmanager
def reserved(stream: VideoStream, settings: Settings) -> Iterator[None]:
    """Have the memory that decoding a video takes for the length of a ``with``.

    One that takes more than ``settings.decode_memory`` is decoded alone.
    """
    with _shared_memory(settings.decode_memory).reserved(needed(stream), _PATIENCE):
        yield


def needed(stream: VideoStream) -> int:
    """Return the bytes of the pictures that the decoder of a stream holds at most."""
    context = stream.codec_context
    bits = context.format.padded_bits_per_pixel if context.format else _BITS
    pictures = _KEPT.get(context.name, _KEPT_BY_OTHERS)
    return pictures * stream.width * stream.height * bits // 8


@cache
def _shared_memory(limit: int) -> DecodeMemory:
    return DecodeMemory(limit)
