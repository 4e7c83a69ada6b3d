"""SQLite: how its connections are opened, and what is set on them.

Write-ahead logging lets readers see the last committed generation while a writer
works, and never wait for it. The writer syncs at every commit (``synchronous =
FULL``): under WAL the cheaper NORMAL may forget the newest commits at a power cut,
and a segment would then be an orphan though its commit had been reported.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.store.fulltext import fts5
from engine.store.sql.sqlite_reads import READS
from engine.types import Filter

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_BUSY_MS = 5_000
"""Milliseconds to wait for the moments in which SQLite itself locks out others."""
_MMAP_BYTES = 2**28
_READER = f"PRAGMA query_only = ON; PRAGMA mmap_size = {_MMAP_BYTES};"
FILE = "catalog.sqlite"
_UNFINISHED = f"{FILE}.new"


class SqliteReader:
    """One thread's connection."""

    def __init__(self, file: Path) -> None:
        self.process = os.getpid()
        self.snapshots = 0
        self.connection = connect_reader(file)

    def __del__(self) -> None:
        """Close what a thread leaves that ends.

        A connection and its cache of statements hold each other: dropped alone, it stays open, with
        the log of the catalog, until garbage is collected.
        """
        # Not in a fork: SQLite forbids to close there what the parent has opened.
        if self.usable and hasattr(self, "connection"):
            self.close()

    @property
    def usable(self) -> bool:
        return self.process == os.getpid()

    def close(self) -> None:
        self.connection.close()

    def ask(self, read: str, values: Mapping[str, object]) -> sqlite3.Cursor:
        return self.connection.execute(READS[read], values)

    def passing(
        self, where: Filter, kinds: Sequence[str], modalities: Sequence[str]
    ) -> sqlite3.Cursor:
        from engine.store.sql import filters

        text, values = filters.select(where, kinds, modalities, filters.SQLITE)
        return self.connection.execute(text, values)

    def files(self, where: Filter, kinds: Sequence[str]) -> sqlite3.Cursor:
        from engine.store.sql import filters

        return self.connection.execute(*filters.select_files(where, kinds, filters.SQLITE))

    def begin(self) -> None:
        self.connection.execute("BEGIN")

    def end(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")

    def search(self, match: str, kinds: Sequence[str], limit: int) -> list[tuple[int, float]]:
        return fts5.search(self.connection, match, kinds, limit)

    def matching(self, match: str, most: int) -> int:
        return fts5.matching(self.connection, match, most)

    def written(self, match: str, most: int) -> list[int]:
        return fts5.written(self.connection, match, most)

    def word_rows(self) -> int:
        return fts5.count(self.connection)

    def integrity(self, deep: bool) -> list[str]:
        check = "PRAGMA integrity_check(5)" if deep else "PRAGMA quick_check(5)"
        return [str(line) for (line,) in self.connection.execute(check) if line != "ok"]

    def bytes(self) -> int:
        return 0


class Sqlite:
    """The catalog as a file of the library's folder."""

    url = None

    def __init__(self, path: Path) -> None:
        self.path = path

    def reader(self) -> SqliteReader:
        return SqliteReader(self.path / FILE)

    def writer(self, wait: bool = False) -> Engine:
        del wait  # The lock of the folder is enough.
        return writer_engine(self.path / FILE)

    def draft(self) -> Engine:
        return writer_engine(self.path / _UNFINISHED, create=True)

    def publish(self) -> None:
        _check_draft(self.path / _UNFINISHED)
        (self.path / _UNFINISHED).rename(self.path / FILE)


def connect_reader(file: Path) -> sqlite3.Connection:
    """Open a connection that reads.

    It is opened for writing where the system lets it, because recovering the log
    after a crash is a write; statements that write are refused all the same.
    """
    try:
        return _reader(file, "mode=rw")
    except sqlite3.OperationalError:
        # A read-only medium cannot hold the log's shared memory. Nobody can write
        # there either, so the file alone is the whole truth.
        if os.access(file.parent, os.W_OK) or not _log_is_empty(file):
            raise
        return _reader(file, "mode=ro&immutable=1")


def _reader(file: Path, mode: str) -> sqlite3.Connection:
    connection = _connect(file, mode)
    try:
        connection.executescript(_READER)
        # The first read opens the log, and so shows whether it can be opened.
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    # Connections are kept one to a thread; only closing comes from another one.
    return sqlite3.connect(
        f"file:{quote(os.fsencode(file))}?{mode}",
        uri=True,
        timeout=_BUSY_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
    )


def _log_is_empty(file: Path) -> bool:
    log = Path(f"{file}-wal")
    return not log.exists() or log.stat().st_size == 0


def _check_draft(file: Path) -> None:
    """Let a finished draft keep a log from now on, and check that the file alone is whole.

    Raises:
        sqlite3.Error: it is not, or the disk does not take the change.
    """
    connection = _connect(file, "mode=rw")
    try:
        # Without the other processes that could see it, it needs no file of shared memory.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()
    connection = _connect(file, "mode=ro&immutable=1")
    try:
        connection.execute("SELECT version_num FROM alembic_version, library").fetchone()[0]
    finally:
        connection.close()
    if not _log_is_empty(file):
        raise sqlite3.OperationalError("the log of a new catalog was not written back")


def writer_engine(file: Path, create: bool = False) -> Engine:
    """Return an engine of one connection, whose transactions lock at their first statement."""
    from sqlalchemy import event

    from engine.store.engines import engine_at

    def connect() -> sqlite3.Connection:
        connection = _connect(file, "mode=rwc" if create else "mode=rw")
        # A draft has its journal in a file that goes with its transaction: nothing of it is
        # in a log that a full disk keeps from being written back.
        journal = "DELETE" if create else "WAL"
        for pragma in (f"journal_mode = {journal}", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    engine = engine_at("sqlite", "sqlite://", connect)
    # The driver begins transactions late and deferred; a writer wants its lock at once.
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
