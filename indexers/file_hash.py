"""The content hash of a file, with the ``stat`` that belongs to it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from engine.common.file_state import stored_mtime_ns
from engine.errors import UnreadableMedia
from engine.types import FileStat

_BLOCK = 1 << 20
"""Bytes that are read at a time."""


def hash_file(path: Path) -> tuple[FileStat, str]:
    """Return the BLAKE2b-256 of a file with the ``stat`` that belongs to it.

    Raises:
        UnreadableMedia: it changed while it was read, and again at the second try.
        OSError: it cannot be read.
    """
    for _ in range(2):
        before = stat_file(path)
        content_hash = _digest(path)
        if stat_file(path) == before:
            return before, content_hash
    raise UnreadableMedia("changes while it is read")


def stat_file(path: Path) -> FileStat:
    """Size and date of ``path``, which has no links in it."""
    info = path.stat()
    return FileStat(str(path), info.st_size, stored_mtime_ns(info))


def _digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=32)
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
