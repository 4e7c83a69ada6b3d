"""Files that the server hands out: those that are indexed, as they were indexed, and no other."""

from __future__ import annotations

import os
from pathlib import Path

from engine.common.file_state import stored_mtime_ns
from engine.library import Library
from engine.server.problems import Problem
from engine.types import Asset, Kind

_TYPES = {
    "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
    "avif": "image/avif", "mp4": "video/mp4", "webm": "video/webm", "wav": "audio/wav",
    "mp3": "audio/mpeg", "ogg": "audio/ogg", "flac": "audio/flac", "m4a": "audio/mp4",
}  # fmt: skip
"""Formats that browsers show. All else is bytes, so that nothing is taken for a page."""


def asset_of(library: Library, asset_id: int) -> Asset:
    """Return an asset of a library.

    Raises:
        Problem: 404; there is none of that number.
    """
    try:
        return library.asset(asset_id)
    except KeyError:
        raise Problem(404, "asset_not_found", f"there is no asset {asset_id}", "asset") from None


def checked_file(asset: Asset) -> Path:
    """Return the file of an asset, which is still the one that was indexed.

    A link that was put in its place since, or in that of a folder above it, leads elsewhere,
    so the path must be its own real path; and the size and date must be those in the catalog.

    Raises:
        Problem: 410; it is gone. 409; it is another file now.
    """
    path = Path(asset.path)
    try:
        same = os.path.realpath(path, strict=True) == asset.path
        found = path.stat()
    except OSError:
        raise Problem(410, "file_gone", "the file is not there any more") from None
    if not same or (found.st_size, stored_mtime_ns(found)) != (asset.size, asset.mtime_ns):
        raise Problem(409, "file_changed", "the file has changed since it was indexed")
    return path


def picture_of(library: Library, moment_id: int) -> bytes:
    """Return a JPEG of a moment, of a file that is still the one that was indexed.

    Raises:
        KeyError: there is no such moment.
        Problem: as for ``checked_file``.
    """
    checked_file(asset_of(library, library.moment(moment_id).asset_id))
    return library.thumbnail(moment_id)


def media_type_of(asset: Asset) -> str:
    """Return the content type that a file is sent with, by its content and not by its name."""
    kind = _TYPES.get(asset.media.format.lower(), "application/octet-stream")
    if kind == "video/mp4" and asset.media.kind is Kind.AUDIO:
        return "audio/mp4"
    return kind
