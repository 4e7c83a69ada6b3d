"""File names as text that every database takes, and back, whatever their bytes.

A name on disk is bytes. Python shows a byte that is not UTF-8 as a lone surrogate
(PEP 383), which neither SQLite nor PostgreSQL stores. The catalog holds such a byte
as U+001A and two hexadecimal digits, and U+001A itself likewise, so that every name
comes back as it was and the order of folders in the index is kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import PurePath

_ESCAPE = "\x1a"
_UNSAFE = re.compile("[\x1a\udc80-\udcff]")
_ESCAPED = re.compile("\x1a([0-9a-f]{2})")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def to_text(path: str) -> str:
    """Encode a path as the catalog stores it."""
    # Almost every name is clean, and asking that is three times faster than substituting.
    if path.isascii() and _ESCAPE not in path:
        return path
    return _UNSAFE.sub(lambda match: f"{_ESCAPE}{ord(match[0]) & 0xFF:02x}", path)


def from_text(text: str) -> str:
    """Decode a path that ``to_text`` encoded."""
    if _ESCAPE not in text:
        return text
    return _ESCAPED.sub(lambda match: _unescape(int(match[1], 16)), text)


def _unescape(byte: int) -> str:
    return chr(byte) if byte < 0x80 else chr(0xDC00 | byte)


def storable(text: str) -> str:
    """Replace characters that no database stores by U+FFFD, in text that is no path."""
    return _UNSTORABLE.sub("\ufffd", text)


def outermost(paths: Iterable[str]) -> list[str]:
    """Return the paths less those that lie under another of them, sorted."""
    kept: list[str] = []
    # Sorted by their parts, so that whatever lies under a folder follows it at once.
    for path in sorted((_trim(path) for path in paths), key=lambda path: PurePath(path).parts):
        if not kept or (path != kept[-1] and not path.startswith(_folder(kept[-1]))):
            kept.append(path)
    return kept


def prefix_bounds(path: str) -> dict[str, str]:
    """Return the bounds of a path and of what lies under it: parameters of ``assets_under``.

    A range over the index needs no LIKE, and so no wildcards to escape.
    """
    low = to_text(_folder(path))
    return {"path": to_text(path), "low": low, "high": low[:-1] + chr(ord(os.sep) + 1)}


def _trim(path: str) -> str:
    return path.rstrip(os.sep) or os.sep


def _folder(path: str) -> str:
    return path if path.endswith(os.sep) else path + os.sep
