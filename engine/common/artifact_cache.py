"""A cache of files and folders that are made once, named by their content."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from engine.config import Settings
from engine.errors import EncoderUnavailable

Content = TypeVar("Content")


_REFUSED = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.EIO,
}  # fmt: skip
"""Errors of a disk that does not take what is built."""


class Damaged(Exception):
    """A cached file is not the one that was built there. Never leaves this module's
    ``load_cached``, which builds it again."""


def cached(settings: Settings, key: str, build: Callable[[Path], None]) -> Path:
    """Return the file or folder ``key`` of the cache, built first where it is missing.

    Args:
        key: names the content completely: what is exported, the hash of its
            weights and the revision of the exporting code.
        build: makes the file, or the folder, at the path that it is given. The
            path is temporary and is renamed only when complete, so that a run
            that is killed, or two at a time, leave a whole one or none.
    """
    path = settings.cache / key
    if path.exists():
        return path
    with _folder_beside(path, ".building-", settings) as folder:
        draft = folder / path.name
        try:
            build(draft)
        except OSError as error:
            if error.errno not in _REFUSED:
                raise
            raise _unwritable(settings, error) from error
        try:
            draft.replace(path)
        except OSError:  # a folder does not replace one that somebody else has just made
            if not path.exists():
                raise
    return path


def load_cached(
    settings: Settings,
    key: str,
    build: Callable[[Path], None],
    load: Callable[[Path], Content],
) -> Content:
    """Return what ``load`` makes of ``cached``; where that is damaged, it is built once more.

    Args:
        load: raises ``Damaged`` for a content that is to be built again. Any other
            error says nothing against the content, which stays.

    Raises:
        EncoderUnavailable: what has just been built is damaged as well.
    """
    for last in (False, True):
        path = cached(settings, key, build)
        seen = _stamp(path)
        try:
            return load(path)
        except Damaged as error:
            _discard(path, seen, settings)
            if last:
                raise EncoderUnavailable(f"{path} cannot be loaded: {error}") from error
    raise AssertionError("the second round returns or raises")


def _discard(path: Path, seen: tuple[int, int] | None, settings: Settings) -> None:
    """Take out of the cache what was ``seen`` at ``path``.

    It is renamed first and deleted then, so that nobody finds half of it. Where
    another process has meanwhile put a new one there, that one stays.
    """
    with _folder_beside(path, ".discarded-", settings) as folder:
        if _stamp(path) == seen:
            with suppress(FileNotFoundError):
                path.rename(folder / path.name)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return what tells the file or folder at ``path`` from a later one; None where none is."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    return about.st_ino, about.st_mtime_ns


def _unwritable(settings: Settings, error: OSError) -> EncoderUnavailable:
    return EncoderUnavailable(
        f"the cache {settings.cache} cannot be written ({error.strerror}):"
        " set SENSORIUM_CACHE to a folder that can"
    )


@contextmanager
def _folder_beside(path: Path, prefix: str, settings: Settings) -> Iterator[Path]:
    """Make a folder that lasts for the context, on the disk of ``path``.

    A rename between the two is one step.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(
            dir=path.parent, prefix=prefix, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise _unwritable(settings, error) from error
    with folder as name:
        yield Path(name)
