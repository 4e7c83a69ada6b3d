"""Files that the server hands out: those that are indexed, as they were indexed, and no other."""

from __future__ import annotations

import os
import re
import stat
import weakref
from pathlib import Path
from typing import Protocol

from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from engine.library.facade import Library
from engine.server.problems import Problem
from engine.types import Asset, Kind

_TYPES = {
    "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
    "avif": "image/avif", "mp4": "video/mp4", "webm": "video/webm", "wav": "audio/wav",
    "mp3": "audio/mpeg", "ogg": "audio/ogg", "flac": "audio/flac", "m4a": "audio/mp4",
}  # fmt: skip
"""Formats that browsers show. All else is bytes, so that nothing is taken for a page."""
UNSHOWN = "application/octet-stream"
_RANGES = re.compile(r"bytes=\s*(\d+-\d*|-\d+)(\s*,\s*(\d+-\d*|-\d+))*\s*", re.IGNORECASE)
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)


class IndexedFile(Protocol):
    """The facts of a file that tell whether it is the one that was indexed."""

    @property
    def path(self) -> str:
        """The real path, absolute."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def mtime_ns(self) -> int:
        """The time of its last change."""
        ...


def asset_of(library: Library, asset_id: int) -> Asset:
    """Return an asset of a library.

    Raises:
        Problem: 404; there is none of that number.
    """
    try:
        return library.asset(asset_id)
    except KeyError:
        raise no_asset(asset_id) from None


def no_asset(asset_id: int) -> Problem:
    """Return the answer to a number that no file has."""
    return Problem(404, "asset_not_found", f"there is no asset {asset_id}", "asset")


def checked_file(asset: IndexedFile) -> Path:
    """Return the file of an asset, which is still the one that was indexed.

    A link that was put in its place since, or in that of a folder above it, leads elsewhere,
    so the path must be its own real path; and its size must be that in the catalog.

    Raises:
        Problem: 410; it is gone. 409; it is another file now.
    """
    path = Path(asset.path)
    try:
        same = os.path.realpath(path, strict=True) == asset.path
        found = path.stat()
    except OSError:
        raise _gone() from None
    if not same or not _is_of(asset, found):
        raise _changed()
    return path


def picture_of(library: Library, moment_id: int) -> bytes:
    """Return a JPEG of a moment, of a file as it was indexed.

    Raises:
        KeyError: there is no such moment.
        Problem: as for ``checked_file``.
    """
    return library.thumbnail(moment_id, check=checked_file)


def opened_file(asset: IndexedFile, headers: dict[str, str], media_type: str) -> FileResponse:
    """Return the answer that sends the file of an asset, opened once and checked as it is open.

    Nothing that is put in its place afterwards is sent.

    Raises:
        Problem: as ``checked_file``.
    """
    descriptor, found = open_checked(asset)
    shown = "attachment" if media_type == UNSHOWN else "inline"
    return _OpenedFile(
        descriptor, headers=headers, media_type=media_type, content_disposition_type=shown,
        filename=Path(asset.path).name.encode(errors="replace").decode(), stat_result=found,
    )  # fmt: skip


def open_checked(asset: IndexedFile) -> tuple[int, os.stat_result]:
    """Open the file of an asset, checked as it is open; the caller closes the descriptor.

    Raises:
        Problem: as ``checked_file``.
    """
    checked_file(asset)
    try:
        descriptor = os.open(asset.path, _FLAGS)
    except OSError:
        raise _gone() from None
    try:
        found, named = os.fstat(descriptor), checked_file(asset).lstat()
        if not stat.S_ISREG(found.st_mode) or not _is_of(asset, found):
            raise _changed()
        if (found.st_dev, found.st_ino) != (named.st_dev, named.st_ino):
            raise _changed()
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, found


def made_file(path: Path, headers: dict[str, str], media_type: str) -> FileResponse:
    """Return the answer that sends a file that the server made, to be saved under its name.

    It is opened here, and may be deleted as soon as this returns.
    """
    descriptor = os.open(path, _FLAGS)
    return _OpenedFile(
        descriptor, headers=headers, media_type=media_type, filename=path.name,
        stat_result=os.fstat(descriptor),
    )  # fmt: skip


class _OpenedFile(FileResponse):
    """An answer that reads from a descriptor, whatever the path leads to by now."""

    def __init__(self, descriptor: int, **options: object) -> None:
        super().__init__(f"/dev/fd/{descriptor}", **options)  # type: ignore[arg-type]
        self._close = weakref.finalize(self, os.close, descriptor)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(_without_wrong_range(scope), receive, send)
        finally:
            self._close()


def _without_wrong_range(scope: Scope) -> Scope:
    """Return a request without a Range that cannot be read, which servers pass over."""
    asked = Headers(scope=scope).get("range")
    if asked is None or _RANGES.fullmatch(asked):
        return scope
    kept = [(name, value) for name, value in scope["headers"] if name != b"range"]
    return {**scope, "headers": kept}


def media_type_of(asset: Asset) -> str:
    """Return the content type that a file is sent with, by its content and not by its name."""
    kind = _TYPES.get(asset.media.format.lower(), UNSHOWN)
    if kind == "video/mp4" and asset.media.kind is Kind.AUDIO:
        return "audio/mp4"
    return kind


def _is_of(asset: IndexedFile, found: os.stat_result) -> bool:
    # Not by its date: files that were copied back, or touched, are what they were, and a page
    # of pictures that are all refused until the next `index` helps nobody.
    return found.st_size == asset.size


def _gone() -> Problem:
    return Problem(410, "file_gone", "the file is not there any more")


def _changed() -> Problem:
    return Problem(409, "file_changed", "the file has changed since it was indexed")
