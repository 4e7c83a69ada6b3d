"""Files that appear whole or not at all, and names and contents that outlive a power cut.

A file is written under a temporary name beside its place, synced, and then renamed; the
name is lasting once its folder is synced as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from engine.common.file_state import os_reason
from engine.errors import UsageError


def sync_file(file: Path) -> None:
    """Make the content of a file survive a power cut."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Make created, renamed and removed names of a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Make all that is in a folder survive a power cut."""
    for path in folder.rglob("*"):
        if path.is_file():
            sync_file(path)
        else:
            sync_folder(path)
    sync_folder(folder)


def check_place(path: Path) -> None:
    """Refuse a file whose folder is not there, before anything is computed.

    Raises:
        UsageError: it is not, or there is a folder or a device where the file is to be.
    """
    _check_kind(path)
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")


def _check_kind(path: Path) -> None:
    """Refuse a name that is something else than a file: a rename would replace a device."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is a device or a pipe, and no file; name another place")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` to write to; it is synced and renamed at the end.

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
    """Yield a temporary path as ``whole`` does, for a file that somebody named.

    Raises:
        UsageError: the folder does not take it, the disk is full, or there is a folder or a
            device by that name.
    """
    _check_kind(path)
    try:
        with whole(path) as temporary:
            yield temporary
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {os_reason(error)}; name another place"
        ) from error


def write_text(path: Path, content: str) -> None:
    """Write text as UTF-8.

    Raises:
        UsageError: as ``written``.
    """
    with written(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
