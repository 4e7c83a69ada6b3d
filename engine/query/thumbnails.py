"""Thumbnails of moments, from the library where they have been made before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypeVar

from engine.common.file_state import stored_mtime_ns
from engine.config import Settings
from engine.media.thumbnail import SIDE, thumbnail
from engine.store import KnownAsset, Store
from engine.store.thumbnails import Key, Marks, PageKey, cached
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
        key = key_of(record, asset, side)
        return cached(
            self._library, key,
            lambda: read_checked(asset, lambda: self._made(key, asset), check),
            keep=lambda: unchanged(asset),
        )  # fmt: skip

    def page(
        self,
        record: MomentRecord,
        asset: KnownAsset,
        side: int,
        kept: tuple[str, Marks],
        embed: Callable[[bytes], bytes],
    ) -> bytes:
        """Return what a model makes of the large picture of a moment, from the library where it is.

        The picture itself is not kept: it is large, and looked at once.

        Args:
            kept: the revision of the model, and the bytes that what it makes begins and ends with.
            embed: makes it of a JPEG.

        Raises:
            MediaError: the file cannot be read as it is now.
        """
        key = key_of(record, asset, side)
        return cached(
            self._library, PageKey(key, *kept), lambda: embed(self._made(key, asset)),
            keep=lambda: unchanged(asset),
        )  # fmt: skip

    def has_page(
        self, record: MomentRecord, asset: KnownAsset, side: int, kept: tuple[str, Marks]
    ) -> bool:
        """Tell whether ``page`` need not embed anything."""
        return (self._library / PageKey(key_of(record, asset, side), *kept).file).is_file()

    def _made(self, key: Key, asset: KnownAsset) -> bytes:
        return thumbnail(
            Path(asset.path), self._settings, key.start, key.end,
            ordinal=key.ordinal, side=key.side,
        )  # fmt: skip


def key_of(record: MomentRecord, asset: KnownAsset, side: int) -> Key:
    """Return the key of a moment's picture."""
    start, end = _span(record.kind, record.moment)
    return Key(asset.content_hash, start, end, record.moment.ordinal, side)


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


class LibraryPages:
    """The pictures of one library for models of late interaction, by moment."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._thumbnails = Thumbnails(store.path, settings)

    def page(
        self, moment_id: int, side: int, kept: tuple[str, Marks], embed: Callable[[bytes], bytes]
    ) -> bytes:
        """Return what ``embed`` makes of a moment's JPEG; see ``Thumbnails.page``.

        Raises:
            MediaError: the file cannot be read as it is now.
            KeyError: the moment is gone.
        """
        return self._thumbnails.page(*self._of(moment_id), side, kept, embed)

    def has_page(self, moment_id: int, side: int, kept: tuple[str, Marks]) -> bool:
        """Tell whether that is kept already.

        Raises:
            KeyError: the moment is gone.
        """
        return self._thumbnails.has_page(*self._of(moment_id), side, kept)

    def _of(self, moment_id: int) -> tuple[MomentRecord, KnownAsset]:
        record = self._store.records([moment_id])[moment_id]
        return record, self._store.assets_numbered([record.asset_id])[record.asset_id]
