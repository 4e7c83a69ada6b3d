"""A writer's transactions: what is inside one happens wholly, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import select, update

from engine.errors import StoreError
from engine.store import failpoints, recovery, row_decoding, segments
from engine.store.database import Database
from engine.store.error_translation import translated
from engine.store.failpoints import FailPoint
from engine.store.records import SegmentInfo, SpaceInfo
from engine.store.sql import schema
from engine.store.sql.reads import segment_infos, space_infos
from engine.types import Space

_COUNTERS = ("generation", "next_asset", "next_moment", "next_segment")


class Transaction:
    """The one connection that writes, and the transactions on it, one after another.

    The parts of a ``Writer`` share it, so that calls of several parts inside one ``atomic``
    are one transaction.

    Attributes:
        path: the library's folder.
        segments: the folder of its segments.
        db: the connection.
        counters: the generation, and the next ids, as of the open transaction.
        spaces: the spaces by name, as of the open transaction.
        infos: the same with their roles and states.
        changed: whether a search could see the changes, which then make a new generation.
    """

    def __init__(self, path: Path, database: Database, wait: bool = False) -> None:
        self.path = path
        self.segments = path / segments.FOLDER
        self.changed = False
        self._open = False
        self._broken = False
        with translated(path):
            self._engine = database.writer(wait)
            self.db = self._engine.connect()
            self._load()

    def close(self) -> None:
        """Close the connection."""
        self.db.close()
        self._engine.dispose()

    def _load(self) -> None:
        """Read what only a writer changes; under the lock that is this one alone."""
        with self.db.begin():
            (row,) = self.db.execute(select(schema.library))
            self.counters = {name: int(getattr(row, name)) for name in _COUNTERS}
            self.load_spaces()

    def load_spaces(self) -> None:
        """Read the spaces again; to be called inside a transaction."""
        found = self.db.execute(space_infos()).all()
        self.infos: dict[str, SpaceInfo] = {
            row[0]: row_decoding.space_info(tuple(row)) for row in found
        }
        self.spaces: dict[str, Space] = {name: i.space for name, i in self.infos.items()}

    def take(self, counter: str, count: int = 1) -> int:
        """Reserve ids for this transaction, and return the first of them."""
        first = self.counters[counter]
        self.counters[counter] += count
        return first

    def keep_calibrated(self) -> None:
        """Note that this change makes a generation in which the backgrounds stay true."""
        c, now = schema.library.c, self.counters["generation"]
        following = update(schema.library).where(c.calibrated == now).values(calibrated=now + 1)
        self.db.execute(following)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Open an ``atomic`` whose errors are those of this project's tree."""
        with translated(self.path), self.atomic():
            yield

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Make the calls inside one transaction. May be nested; the outermost counts."""
        if self._open:
            try:
                yield
            except BaseException:
                # Half a change may be in the transaction, so none of it may be committed,
                # even where the caller carries on.
                self._broken = True
                raise
            return
        with translated(self.path):
            transaction = self.db.begin()
        self._open, self.changed, self._broken = True, False, False
        try:
            yield
            if self._broken:
                raise StoreError(f"a change inside failed; {self.path} is as it was before")
            with translated(self.path):
                self._settle()
                failpoints.hit(FailPoint.COMMIT_ROWS)
                transaction.commit()
        except BaseException:
            with suppress(Exception):
                transaction.rollback()
            self._undo()
            raise
        finally:
            self._open = False
        failpoints.hit(FailPoint.COMMIT_DONE)

    def _settle(self) -> None:
        """Write the counters; a change that a search can see makes a new generation."""
        if self.changed:
            self.counters["generation"] += 1
        self.db.execute(update(schema.library).values(self.counters))

    def _undo(self) -> None:
        """Read again what is true after a rollback, and remove the files of the rest."""
        # Best effort: what stays behind is an orphan, and goes at the next open.
        with suppress(Exception):
            self._load()
            first = self.counters["next_segment"]
            orphans = self.find_damage().orphans
            ours = [name for name in orphans if segments.number_of(name) >= first]
            recovery.remove(self.path, ours)

    def known_segments(self) -> list[SegmentInfo]:
        """Return the committed segments in their order; not inside a transaction."""
        with self.db.begin():
            return [SegmentInfo(*row) for row in self.db.execute(segment_infos())]

    def find_damage(self) -> recovery.Damage:
        """Compare the folder of segments with the catalog; not inside a transaction."""
        return recovery.find_damage(self.path, self.known_segments())
