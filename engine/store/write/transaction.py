"""A writer's transactions: what is inside one happens wholly, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import select, update

from engine.errors import StoreError
from engine.store import failpoints, records, recovery, segments
from engine.store.database import Database
from engine.store.error_translation import translated
from engine.store.records import SegmentInfo
from engine.store.sql import schema
from engine.store.sql.reads import space_infos
from engine.types import Space

_COUNTERS = ("generation", "next_asset", "next_moment", "next_segment")


class Transactions:
    """The connection of a writer, and the counters that only it changes."""

    def __init__(self, path: Path, database: Database, wait: bool = False) -> None:
        self.path = path
        self._segments = path / segments.FOLDER
        self._open = False
        self._changed = False
        self._broken = False
        with translated(path):
            self._engine = database.writer(wait)
            self._db = self._engine.connect()
            self._load()

    def close(self) -> None:
        self._db.close()
        self._engine.dispose()

    def _load(self) -> None:
        """Read what only a writer changes; under the lock that is this one alone."""
        with self._db.begin():
            row = self._db.execute(select(schema.library)).one()
            self._counters = {name: int(getattr(row, name)) for name in _COUNTERS}
            self._load_spaces()

    def _load_spaces(self) -> None:
        """Inside a transaction: read which spaces there are."""
        found = self._db.execute(space_infos()).all()
        self._infos = {row[0]: records.space_info(tuple(row)) for row in found}
        self._spaces: dict[str, Space] = {name: i.space for name, i in self._infos.items()}

    def _take(self, counter: str, count: int = 1) -> int:
        """Reserve ids for this transaction; the first of them."""
        first = self._counters[counter]
        self._counters[counter] += count
        return first

    @contextmanager
    def transaction(self) -> Iterator[None]:
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
            transaction = self._db.begin()
        self._open, self._changed, self._broken = True, False, False
        try:
            yield
            if self._broken:
                raise StoreError(f"a change inside failed; {self.path} is as it was before")
            with translated(self.path):
                self._settle()
                failpoints.hit("commit.rows")
                transaction.commit()
        except BaseException:
            with suppress(Exception):
                transaction.rollback()
            self._undo()
            raise
        finally:
            self._open = False
        failpoints.hit("commit.done")

    def _settle(self) -> None:
        """Write the counters; a change that a search can see makes a new generation."""
        if self._changed:
            self._counters["generation"] += 1
        self._db.execute(update(schema.library).values(self._counters))

    def _undo(self) -> None:
        """After a rollback: read again what is true, and clear the folder of the rest."""
        # Best effort: what stays behind is an orphan, and goes at the next open.
        with suppress(Exception):
            self._load()
            recovery.remove_orphans(self.path, self._damage().orphans)

    def _known_segments(self) -> list[SegmentInfo]:
        c = schema.segments.c
        columns = (c.segment_id, c.space, c.file, c.rows, c.bytes, c.checksum)
        with self._db.begin():
            found = self._db.execute(select(*columns).order_by(c.segment_id))
            return [SegmentInfo(*row) for row in found]

    def _damage(self) -> recovery.Damage:
        return recovery.find_damage(self.path, self._known_segments())
