"""The state of a file on disk, and the wording of its errors."""

from __future__ import annotations

import os
from pathlib import Path

_LONGEST_REASON = 160
"""Characters of an error that are shown."""
_INT64 = 2**63 - 1


def clamped_int64(number: int) -> int:
    """Return the nearest number that a database holds in 64 bits."""
    # The least number of all is no time to numpy.
    return min(max(-_INT64, int(number)), _INT64)


def stored_mtime_ns(about: os.stat_result) -> int:
    """Return the time of the last change in nanoseconds, between 1677 and 2262.

    File systems have times before and after; those become the nearest one, here as in
    the catalog, so that such a file does not look changed at every run.
    """
    return clamped_int64(about.st_mtime_ns)


def is_unchanged(path: str | Path, size: int, mtime_ns: int) -> bool:
    """Tell whether a file has the size and modification time that it was indexed with.

    Raises:
        OSError: it cannot be looked at.
    """
    found = os.stat(path)  # noqa: PTH116  (takes text and paths alike, without making one)
    return (found.st_size, stored_mtime_ns(found)) == (size, mtime_ns)


def os_reason(error: OSError) -> str:
    """Return the reason of an error of the operating system in lower case, without a path."""
    return (error.strerror or str(error)).lower()


def one_line(error: BaseException | str) -> str:
    """Return the message of an error on one line, cut where a decoder rambles."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"
