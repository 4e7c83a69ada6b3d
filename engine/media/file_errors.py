"""Open media files, and translate what goes wrong into errors of one line."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from engine.common.file_state import one_line
from engine.config import Settings
from engine.errors import CorruptMedia, MediaError, MediaTooLarge, UnreadableMedia

NO_FILE = "it is a pipe, a socket or a device, and no file"


def unreadable(error: OSError) -> UnreadableMedia:
    """Translate an error of the operating system, without its path, which callers prefix."""
    if isinstance(error, FileNotFoundError):
        return UnreadableMedia("vanished before it was read")
    reason = error.strerror or one_line(error)
    return UnreadableMedia(f"cannot be read: {reason[:1].lower()}{reason[1:]}")


def corrupt(error: BaseException | str, what: str) -> MediaError:
    """Translate what a decoder raised; I/O errors are told apart by their errno."""
    if isinstance(error, OSError) and error.errno is not None:
        return unreadable(error)
    return CorruptMedia(f"{what} cannot be decoded: {one_line(error)}")


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open the file for reading.

    Raises:
        UnreadableMedia: permission denied, vanished, a folder, a pipe, an I/O error.
    """
    try:
        stream = open(path, "rb", opener=_opened_at_once)  # noqa: SIM115
    except (OSError, ValueError) as error:
        raise unreadable(error if isinstance(error, OSError) else OSError(str(error))) from error
    with stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise UnreadableMedia(NO_FILE)
        yield stream


def _opened_at_once(path: str, flags: int) -> int:
    """Open a file; a pipe would be waited for until somebody writes to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def check_pixels(width: int, height: int, settings: Settings) -> None:
    """Refuse what would fill the memory, before any of it is decoded.

    Raises:
        MediaTooLarge: more than ``settings.max_pixels``.
    """
    limit = settings.max_pixels
    if width * height <= limit:
        return
    spoken = f"{limit // 10**6:,} million" if limit % 10**6 == 0 else f"{limit:,}"
    raise MediaTooLarge(
        f"{width:,} x {height:,} pixels is past the limit of {spoken} (SENSORIUM_MAX_PIXELS)"
    )
