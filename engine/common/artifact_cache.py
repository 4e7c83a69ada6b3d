"""A cache of files and folders that are made once, named by their content."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

from engine.common.memory import is_out_of_memory
from engine.config import Settings
from engine.errors import EncoderUnavailable

Content = TypeVar("Content")

_log = logging.getLogger(__name__)

_REFUSED = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.EIO,
    errno.ESTALE, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG,
}  # fmt: skip
"""Errors of a disk, or a folder, that does not take what is built."""
_NOT_THERE = {None, errno.ENOENT, errno.ENOTDIR, errno.EISDIR}
"""Errors that say something of what is in the cache, and nothing of the disk below it."""
_READ_AT_ONCE = 2**20
"""Bytes that a look at a whole file reads at a time."""


class Damaged(Exception):
    """A cached file is not the one that was built there. Never leaves this module's
    ``load_cached``, which builds it again."""


class _CacheRefused(Exception):
    """The folder of the cache does not take what is built, or does not give it back."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))


def _refusal(error: OSError) -> Exception:
    """Return what says that the cache does not do; but lacking memory is none of its faults."""
    return MemoryError() if is_out_of_memory(error) else _CacheRefused(error)


def cached(settings: Settings, key: str, build: Callable[[Path], None]) -> Path:
    """Return the file or folder ``key`` of the cache, built first where it is missing.

    A cache that cannot be written costs time and nothing else: what is built then lasts
    as long as this process, in the folder of temporary files.

    Args:
        key: names the content completely: what is exported, the hash of its
            weights and the revision of the exporting code.
        build: makes the file, or the folder, at the path that it is given. The
            path is temporary and is renamed only when complete, so that a run
            that is killed, or two at a time, leave a whole one or none.

    Raises:
        EncoderUnavailable: neither takes it.
    """
    try:
        return _built(settings.cache, key, build)
    except _CacheRefused as refusal:
        return _built_aside(settings, key, build, refusal)


def _built(root: Path, key: str, build: Callable[[Path], None]) -> Path:
    path = root / key
    if _is_there(path):
        return path
    with _folder_beside(path, ".building-") as folder:
        draft = folder / path.name
        try:
            build(draft)
        except OSError as error:
            if error.errno not in _REFUSED:
                raise
            raise _refusal(error) from error
        try:
            draft.replace(path)
        except OSError as error:  # a folder does not replace one that somebody else has made
            if not _is_there(path):
                raise _refusal(error) from error
    return path


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise _refusal(error) from error


def _built_aside(
    settings: Settings, key: str, build: Callable[[Path], None], refusal: _CacheRefused
) -> Path:
    """Build what the cache does not take, or give back, for this process alone."""
    try:
        folder = _aside(settings.cache, str(refusal))
        return _built(folder, key, build)
    except (_CacheRefused, OSError) as error:
        raise EncoderUnavailable(
            f"the cache {settings.cache} cannot be written ({refusal}):"
            " set SENSORIUM_CACHE to a folder that can"
        ) from error


@cache
def _aside(root: Path, reason: str) -> Path:
    """Make the folder that stands in for a cache, until the process ends."""
    _log.warning(
        "the cache %s cannot be used (%s): models are prepared for this run alone, which takes"
        " longer; set SENSORIUM_CACHE to a folder that can be written", root, reason
    )  # fmt: skip
    folder = tempfile.TemporaryDirectory(prefix="sensorium-cache-", ignore_cleanup_errors=True)
    _KEPT.append(folder)
    return Path(folder.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []
"""Folders that go when the process ends."""


def load_cached(
    settings: Settings,
    key: str,
    build: Callable[[Path], None],
    load: Callable[[Path], Content],
) -> Content:
    """Return what ``load`` makes of ``cached``; where that is damaged, it is built once more.

    What could not be read is not damaged: it stays as it is, and is read a second time.

    Args:
        load: raises ``Damaged`` for a content that is to be built again. Any other
            error says nothing against the content, which stays.

    Raises:
        EncoderUnavailable: what has just been built is damaged as well.
    """
    for last in (False, True):
        path = cached(settings, key, build)
        try:
            seen = _stamp(path)
            return _at_second_look(path, load)
        except _CacheRefused as refusal:
            return load(_built_aside(settings, key, build, refusal))
        except Damaged as error:
            try:
                _discard(path, seen)
            except _CacheRefused as refusal:
                return load(_built_aside(settings, key, build, refusal))
            if last:
                raise EncoderUnavailable(f"{path} cannot be loaded: {error}") from error
    raise AssertionError("the second round returns or raises")


def _at_second_look(path: Path, load: Callable[[Path], Content]) -> Content:
    """Load a content, and load it again before it counts as damaged.

    Raises:
        Damaged: it is, twice, and every byte of it could be read.
        _CacheRefused: it cannot be read now.
    """
    try:
        return load(path)
    except (Damaged, OSError) as error:
        if isinstance(error, OSError) and error.errno in _NOT_THERE:
            raise
    try:
        _read_through(path)
        return load(path)
    except (Damaged, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if isinstance(cause, OSError) and cause.errno not in _NOT_THERE:
            raise _refusal(cause) from error
        raise


def _read_through(path: Path) -> None:
    """Read every byte of a file, or of the files of a folder."""
    for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
        with suppress(FileNotFoundError), file.open("rb", 0) as stream:
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while stream.read(_READ_AT_ONCE):
                pass


def _discard(path: Path, seen: tuple[int, int] | None) -> None:
    """Take out of the cache what was ``seen`` at ``path``.

    It is renamed first and deleted then, so that nobody finds half of it. Where
    another process has meanwhile put a new one there, that one stays.
    """
    with _folder_beside(path, ".discarded-") as folder:
        if _stamp(path) == seen:
            try:
                path.rename(folder / path.name)
            except FileNotFoundError:
                pass
            except OSError as error:
                raise _refusal(error) from error


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return what tells the file or folder at ``path`` from a later one; None where none is."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refusal(error) from error
    return about.st_ino, about.st_mtime_ns


@contextmanager
def _folder_beside(path: Path, prefix: str) -> Iterator[Path]:
    """Make a folder that lasts for the context, on the disk of ``path``.

    A rename between the two is one step.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(
            dir=path.parent, prefix=prefix, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise _refusal(error) from error
    with folder as name:
        yield Path(name)
