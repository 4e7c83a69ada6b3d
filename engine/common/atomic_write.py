"""A file appears whole or not at all: written under a temporary name, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from engine.errors import UsageError


def check_place(path: Path) -> None:
    """Refuse before anything is computed a file whose folder is not there.

    Raises:
        UsageError: it is not.
    """
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to; it is synced and renamed at the end.

    Where anything fails, what was there before is still there, and nothing else.
    """
    temporary = path.with_name(f".{path.name[:100]}.{token_hex(4)}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """``whole``, for a file that somebody named.

    Raises:
        UsageError: the folder does not take it, or the disk is full.
    """
    try:
        with whole(path) as temporary:
            yield temporary
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"{path} cannot be written: {reason}; name another place") from error


def write_text(path: Path, content: str) -> None:
    """Write a page, or any text, as UTF-8.

    Raises:
        UsageError: as ``written``.
    """
    with written(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
