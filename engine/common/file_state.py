"""The state of a file on disk, and the wording of its errors."""

from __future__ import annotations

import os
from pathlib import Path

_LONGEST_REASON = 160
"""Characters of an error that are shown."""


def is_unchanged(path: str | Path, size: int, mtime_ns: int) -> bool:
    """Tell whether a file has the size and modification time that it was indexed with.

    Raises:
        OSError: it cannot be looked at.
    """
    found = os.stat(path)  # noqa: PTH116  (takes text and paths alike, without making one)
    return (found.st_size, found.st_mtime_ns) == (size, mtime_ns)


def os_reason(error: OSError) -> str:
    """Return the reason of an error of the operating system in lower case, without a path."""
    return (error.strerror or str(error)).lower()


def one_line(error: BaseException | str) -> str:
    """Return the message of an error on one line, cut where a decoder rambles."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"
