"""Find out how many pictures a device takes at a time. Knows of no device."""

from __future__ import annotations

from collections.abc import Callable

GAIN = 1.05
"""Twice the batch must do this many times the pictures per second, or it is not worth it."""


def ramp(
    seconds: Callable[[int], float],
    out_of_memory: type[BaseException] | tuple[type[BaseException], ...],
    *,
    first: int = 8,
    most: int = 512,
) -> int:
    """Return the batch size from which larger ones gain less than 5 %.

    Args:
        seconds: runs a batch of that size, and says how long that took.
        out_of_memory: what it raises where the batch does not fit.
        first: the size to begin with; halved as long as not even that fits.
        most: the largest size to try.

    Returns:
        ``first``, doubled or halved. A size that did not fit is never returned, unless a
        single picture does not.
    """
    size = min(first, most)
    while not (rate := _rate(seconds, out_of_memory, size)) and size > 1:
        size, most = size // 2, size - 1  # what did not fit is not tried again
    while rate and size * 2 <= most:
        faster = _rate(seconds, out_of_memory, size * 2)
        if faster < rate * GAIN:
            break
        size, rate = size * 2, faster
    return size


def _rate(
    seconds: Callable[[int], float],
    out_of_memory: type[BaseException] | tuple[type[BaseException], ...],
    size: int,
) -> float:
    """Return pictures per second; 0 where they do not fit.

    What the error's traceback held is free when this returns.
    """
    try:
        return size / max(seconds(size), 1e-9)
    except out_of_memory:
        return 0.0
