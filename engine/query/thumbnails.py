"""Thumbnails of moments, from the library where they have been made before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypeVar

from engine.common.file_state import stored_mtime_ns
from engine.config import Settings
from engine.media.thumbnail import SIDE, thumbnail
from engine.store import KnownAsset
from engine.store.thumbnails import Key, cached
from engine.types import Kind, Moment, MomentRecord

Content = TypeVar("Content")
CheckFile: TypeAlias = Callable[[KnownAsset], object]
"""Raises where the file of an asset may not be read."""


class Thumbnails:
    """The thumbnails of one library; may be asked from many threads."""

    def __init__(self, library: Path, settings: Settings) -> None:
        self._library = library
        self._settings = settings

    def jpeg(
        self,
        record: MomentRecord,
        asset: KnownAsset,
        side: int = SIDE,
        check: CheckFile | None = None,
    ) -> bytes:
        """Return a JPEG of a moment, its longest side at most ``side`` pixels.

        A video is shown at the middle of the moment, where its keyframe was looked for,
        and a sound is drawn. What was made once is served even if the file is gone; what
        the file holds now is shown, and not kept, where it has changed since.

        Args:
            asset: the one that ``record`` is of.
            check: called before and after the file is read, where it is; see ``read_checked``.

        Raises:
            MediaError: the file cannot be read as it is now.
        """
        start, end = _span(record.kind, record.moment)
        key = Key(asset.content_hash, start, end, record.moment.ordinal, side)

        def make() -> bytes:
            return thumbnail(
                Path(asset.path), self._settings, start, end,
                ordinal=record.moment.ordinal, side=side,
            )  # fmt: skip

        return cached(
            self._library, key, lambda: read_checked(asset, make, check),
            keep=lambda: unchanged(asset),
        )  # fmt: skip


def _span(kind: Kind, moment: Moment) -> tuple[float | None, float | None]:
    """Return the times that the picture of a moment is made of."""
    if kind is not Kind.VIDEO or moment.start is None or moment.end is None:
        return moment.start, moment.end
    return (moment.start + moment.end) / 2, None


def read_checked(
    asset: KnownAsset, read: Callable[[], Content], check: CheckFile | None
) -> Content:
    """Read a file between two checks, so that no link is put in its place meanwhile.

    Args:
        check: raises where the file may not be read; None for no check.
    """
    if check is not None:
        check(asset)
    content = read()
    if check is not None:
        check(asset)
    return content


def unchanged(asset: KnownAsset) -> bool:
    """Tell whether the file is still the one that was indexed, by its size and date."""
    try:
        found = Path(asset.path).stat()
    except OSError:
        return False
    return (found.st_size, stored_mtime_ns(found)) == (asset.size, asset.mtime_ns)
