"""A library on disk: one folder that holds all of its state.

library/
  catalog.sqlite     the facts, and the full text index; or, where a server of
                     PostgreSQL has them, catalog.json, which says where
  segments/          the vectors
  indexes/           nearest neighbour indexes of them; derived
  heads/             projections that sensorium align has fitted for sounds
  concepts/          names that the library was taught, a file each with its examples
  thumbnails/        pictures that have been shown; derived
  curation/          findings of runs, for other programs; derived
  quarantine/        segments that were damaged, or that nothing names; kept for people
  indexed.json       the folders that `index` was given
  jobs/              what a server does and did for its clients: records, results, exports
  searches.json      searches that were saved under a name
  roots.json         what `index` leaves out below each folder; there once somebody asked
  running            how far an index is that runs; of no meaning when none does
  lock               who writes; of no meaning when nobody does
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.common.user_path import resolved
from engine.errors import (
    LibraryBusy,
    LibraryCorrupt,
    LibraryNotFound,
    LibraryReadOnly,
    LibraryUnavailable,
    NotALibrary,
    SegmentGone,
)
from engine.store import address, recovery, segments, sqlite, unfinished
from engine.store.catalog import Catalog
from engine.store.error_translation import unavailable
from engine.store.lock import locked
from engine.store.records import LibraryStats, SegmentInfo
from engine.store.segments import Stored, Unavailable, Unreadable
from engine.store.sql.revisions import HEAD, REVISIONS
from engine.types import Kind, Modality
from engine.types.arrays import MomentIds, Vectors

if TYPE_CHECKING:
    from engine.store.write.writer import Writer

_log = logging.getLogger(__name__)
_LISTING_TRIES = 10
"""Compactions that may come in between while segments are listed and read."""
_NO_IDS: MomentIds = np.zeros(0, np.int64)


class Store(Catalog):
    """An open library. Reads need no lock, from any thread, and never wait for a writer.

    Attributes:
        path: the library's folder, absolute.
        catalog: URL of the database that has the catalog; None where the folder has it.
        warnings: what had to be mended, one line each; logged as well.
    """

    def __init__(self, path: Path, *, forget_lost: bool = False) -> None:
        super().__init__(path)
        self.catalog = self._database.url
        self.warnings: list[str] = []
        self._lost: frozenset[str] = frozenset()
        try:
            self._check_revision()
            if forget_lost:
                self._forget_lost()
            self._check_segments()
        except BaseException:
            # Connections that were opened before the failure must not stay open.
            self.close()
            raise

    @classmethod
    def create(cls, path: str | os.PathLike[str], encoder: str, catalog: str | None = None) -> Self:
        """Make a library in a folder that is empty or does not exist, and open it.

        Args:
            catalog: ``postgresql+psycopg://user@host/database``, without a password, to
                have the catalog there; None for SQLite in the folder. Only the catalog
                moves: segments, lock and indexes stay in the folder.

        Raises:
            UsageError: ``catalog`` is something else, or holds a password.
            ExtraMissing: the driver of PostgreSQL is not installed.
            CatalogUnreachable: the server does not let us in. Nothing is left behind.
            NotALibrary: the folder is a library already, or holds something else.
            LibraryReadOnly: the folder cannot be made. Nothing is left behind.
        """
        from engine.store.create import create

        folder = _absolute(path)
        create(folder, encoder, catalog)
        return cls(folder)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, forget_lost: bool = False) -> Self:
        """Open a library.

        A catalog of an earlier version is migrated first. What a crash left behind is
        tidied, unless another process writes just now. A segment that is not there is
        left out, with a line in ``warnings``, and counts again once it is back.

        Args:
            forget_lost: give up the segments that are not there: their assets go back to
                ``pending``.

        Raises:
            LibraryNotFound: there is nothing at that path.
            NotALibrary: there is something else.
            LibraryCorrupt: the catalog is damaged, or of a later version.
            LibraryUnavailable: more than half of the segments are not there, or a file
                cannot be read now; nothing was changed.
        """
        folder = _absolute(path)
        try:
            _check_folder(folder)
        except OSError as error:
            raise unavailable(folder, error) from error
        return cls(folder, forget_lost=forget_lost)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _check_revision(self) -> None:
        found = str(self._value("revision"))
        if found == HEAD:
            return
        if found not in REVISIONS:
            raise LibraryCorrupt(
                f"{self.path} was written by a later version of Sensorium "
                f"(catalog {found}, this one knows {HEAD}); upgrade Sensorium"
            )
        from engine.store.upgrade import upgrade, upgraded_copy

        self.close()
        try:
            upgrade(self.path)
        except LibraryReadOnly:
            self._read_from(upgraded_copy(self.path))
            self._warn(
                f"{self.path} is of an earlier version and takes no writes: it is read as it is,"
                " and opening it takes longer than one that was upgraded"
            )

    @property
    def encoder(self) -> str:
        """The encoder of the default space, as ``--encoder`` names it.

        It is the one that the library was made with, until another space becomes the default.
        """
        return str(self._value("library"))

    # --- segments ---------------------------------------------------------------

    def _check_segments(self) -> None:
        """Look for orphans and lost files; a healthy library costs one listing."""
        # Rows first: a commit between the two then shows as an orphan, which the lock
        # protects, and never as a loss.
        damage = recovery.find_damage(self.path, self._segment_rows())
        if damage.lost:
            # Nor is what was merged meanwhile: its row has gone with its file.
            damage = replace(damage, lost=tuple(filter(self._is_named, damage.lost)))
        recovery.require_most(self.path, damage.lost, damage.known)
        self._leave_out(damage.lost)
        if damage.orphans and not damage.lost:
            with suppress(LibraryBusy, LibraryReadOnly), self.writer():
                pass  # whoever begins to write tidies

    def _leave_out(self, lost: Iterable[SegmentInfo]) -> None:
        """Leave segments that are not there out of every read, and say so once."""
        for info in lost:
            if info.file not in self._lost:
                self._lost |= {info.file}
                self._warn(recovery.lost_warning(self.path, info))

    def _forget_lost(self) -> None:
        from engine.store.write.writer import Writer

        with locked(self.path):
            writer = Writer(self.path, self._database)
            try:
                for warning in writer.forget_lost():
                    self._warn(warning)
            finally:
                writer.close()

    def require_segments(self) -> None:
        """Refuse what would be true of the whole library only, while a segment is not there.

        Raises:
            LibraryUnavailable: one is not.
        """
        if self._lost:
            raise LibraryUnavailable(
                f"{self.path} lacks the segment {min(self._lost)}: restore the file, or give it"
                " up: Library.forget_lost()"
            )

    def _is_named(self, info: SegmentInfo) -> bool:
        """Tell whether a segment is in the newest generation, whatever this thread's is."""
        return bool(self.connections.ask_newest("segment_named", file=info.file))

    def segments(self, space: str, after: int = 0) -> list[SegmentInfo]:
        """List the segments of a space in commit order, from the first past ``after``."""
        return [info for info in self._segment_rows(space, after) if info.file not in self._lost]

    def read_segment(self, info: SegmentInfo) -> tuple[MomentIds, Vectors]:
        """Read the rows of a segment, those of deleted moments included.

        A damaged segment is given up where the write lock is free: its file is moved to the
        quarantine, its assets go back to ``pending`` with a line in ``warnings``, and it reads
        as empty.

        Returns:
            ids int64 (n,), vectors float32 (n, dim), L2-normalised.

        Raises:
            SpaceMismatch: it holds vectors of another encoder, revision or dim.
            LibraryCorrupt: it is damaged, and cannot be mended now.
            LibraryUnavailable: it cannot be read now; nothing was changed.
            SegmentGone: a compaction has merged it since it was listed; list again.
        """
        ids, stored = self.read_stored(info)
        return ids, stored.astype(np.float32, copy=False)

    def read_stored(self, info: SegmentInfo) -> tuple[MomentIds, Stored]:
        """Read a segment as ``read_segment`` does, the vectors in the dtype they are kept in."""
        space = self.spaces().get(info.space)
        if space is None:
            raise SegmentGone(f"{info.file} went with its space {info.space}")
        try:
            return segments.read_stored(self.path / segments.FOLDER, info, space)
        except Unavailable as error:
            self._require_named(info, error)
            raise
        except Unreadable as damage:
            self._lose(damage)
        return segments.empty(space)

    def read_ids(self, info: SegmentInfo) -> MomentIds:
        """Read the moments of a segment alone, in the order of its rows.

        That is a hundredth of what ``read_segment`` reads.
        """
        try:
            return segments.read_ids(self.path / segments.FOLDER, info)
        except Unavailable as error:
            self._require_named(info, error)
            raise
        except Unreadable as damage:
            self._lose(damage)
        return _NO_IDS

    def stored_ids(self, space: str) -> MomentIds:
        """Return the moments, alive or deleted, that have a vector in a space.

        Raises:
            LibraryCorrupt, SegmentGone: as ``read_segment``.

        Returns:
            int64, shape (n,), sorted.
        """
        for attempt in range(_LISTING_TRIES):
            try:
                return np.sort(
                    np.concatenate([*map(self.read_ids, self.segments(space))] or [_NO_IDS])
                )
            except SegmentGone:  # merged since it was listed: list again
                if attempt == _LISTING_TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def _require_named(self, info: SegmentInfo, error: Exception) -> None:
        """Tell a segment that has been merged from one that cannot be read."""
        if not self._is_named(info):
            raise SegmentGone(f"{info.file} has been merged into another") from error

    def _lose(self, damage: Unreadable) -> None:
        self._require_named(damage.info, damage)
        try:
            with self.writer() as writer:
                if warning := writer.lose(damage.info, damage.reason):
                    self._warn(warning)
        except (LibraryBusy, LibraryReadOnly) as error:
            raise LibraryCorrupt(f"{self.path}: {damage}; not mended, because {error}") from damage

    # --- writing ----------------------------------------------------------------

    @contextmanager
    def writer(self, wait: bool = False) -> Iterator[Writer]:
        """Yield the one writer of this library, for the length of a ``with``.

        Args:
            wait: wait for another writer to end.

        Raises:
            LibraryBusy: another writer holds the lock; names it and since when.
            LibraryReadOnly: the folder does not take writes.
        """
        with locked(self.path, wait):
            from engine.store.write.writer import Writer

            writer = Writer(self.path, self._database, wait)
            try:
                self._leave_out(writer.mend())
                yield writer
            finally:
                writer.close()

    def _warn(self, warning: str) -> None:
        self.warnings.append(warning)
        _log.warning("%s", warning)

    # --- counting ---------------------------------------------------------------

    def stats(self) -> LibraryStats:
        """Count what is in the library, all at one generation."""
        with self.snapshot():
            return LibraryStats(
                assets=self.asset_counts(),
                pending=self._value("count_pending", state="pending"),
                moments={Modality(modality): n for modality, n in self._ask("count_moments")},
                vectors=dict.fromkeys(self.spaces(), 0) | dict(self._ask("count_vectors")),
                tombstones=self._value("count_tombstones"),
                segments=self._value("count_segments"),
                failures=self._value("count_failures"),
                bytes=_bytes_under(self.path) + self.connections.reader.bytes(),
                tags=self.tag_counts(),
                runs=len(self._ask("runs")),
                missing=self.count_missing(),
                unread=self._value("count_unread"),
            )

    def asset_counts(self) -> dict[Kind, int]:
        """Count the assets of each kind that there is."""
        return {Kind(kind): n for kind, n in self._ask("count_assets")}


def _absolute(path: str | os.PathLike[str]) -> Path:
    return resolved(path)


def _check_folder(path: Path) -> None:
    """Raise what is there instead, where there is no catalog."""
    if not path.exists():
        raise LibraryNotFound(_no_library(path))
    if not path.is_dir():
        raise NotALibrary(f"{path} is a file, and a library is a folder; name another folder")
    if (path / f"{sqlite.FILE}.new-wal").exists() and unfinished.only_leftovers(path):
        raise LibraryNotFound(_no_library(path))
    file = path / sqlite.FILE
    if (path / address.FILE).exists() or (file.is_file() and file.stat().st_size > 0):
        return
    if any((path / segments.FOLDER).glob("*.parquet")) or file.exists():
        raise LibraryCorrupt(
            f"{path} has lost its {file.name}; restore it from a backup, "
            "or index the files into a new library"
        )
    if not unfinished.only_leftovers(path):
        raise NotALibrary(
            f"{path} is not empty and is not a library; to search its files, take them into one:"
            f" library.index({str(path)!r})"
        )
    raise LibraryNotFound(_no_library(path))


def _no_library(path: Path) -> str:
    return f"there is no library at {path}; make one: Library.open({str(path)!r}, create=True)"


def _bytes_under(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            # A file of a writer may have been renamed since the listing.
            with suppress(FileNotFoundError):
                total += Path(root, name).lstat().st_size
    return total
