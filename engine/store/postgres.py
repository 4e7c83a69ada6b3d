"""PostgreSQL: how its connections are opened, and what is set on them.

Every library has a schema of its own, which is the whole search path of its
connections. Readers take part in no transaction but a snapshot's, and then in one that
sees a single generation (``REPEATABLE READ``). Only vectors stay in the folder.

The lock of the folder keeps a second writer out wherever the folder is shared. The
writer's session also locks a number of the library in the database, for folders on
disks whose locks do not reach from one machine to the other. The session that
reconnects takes it again, and so never meets a commit of its own that still runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.common.optional_package import importing
from engine.errors import (
    CatalogUnreachable,
    LibraryBusy,
    LibraryCorrupt,
    UsageError,
)
from engine.store import address
from engine.store.address import Address
from engine.store.error_translation import one_line, translated
from engine.store.fulltext import postgres_bm25
from engine.store.records import Row
from engine.store.sql.postgres_reads import READS
from engine.types import Filter

with importing("A catalog on PostgreSQL", "postgres", "psycopg"):
    import psycopg
    from psycopg.types.json import set_json_loads

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_CONNECT_SECONDS = 10
_BUSY_MS = 5_000
"""Milliseconds to wait for a lock that some other program holds on a table."""
_GRACE_MS = 2_000
"""Milliseconds that the session of a writer that was killed may outlive it."""
# Compiling a statement takes longer than any of these statements.
_ALWAYS = {"jit": "off", "timezone": "UTC", "lock_timeout": f"{_BUSY_MS}"}
_READER = {"default_transaction_read_only": "on"}
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_HOLDER = """
SELECT a.application_name, a.backend_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
AND (l.classid::bigint << 32) | l.objid::bigint = %s
"""
_BYTES = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
"""


class PostgresReader:
    """One thread's connection."""

    def __init__(self, home: Address, library: Path) -> None:
        self.connection = _connect(home, library, _READER)
        self.process = os.getpid()
        self.snapshots = 0
        # As SQLite gives it: the store parses JSON itself.
        set_json_loads(lambda text: text, self.connection)

    @property
    def usable(self) -> bool:
        # One whose server was restarted is replaced, once no snapshot is open on it.
        lost = self.connection.closed and not self.snapshots
        return self.process == os.getpid() and not lost

    def close(self) -> None:
        self.connection.close()

    def __del__(self) -> None:
        # A thread has ended. The driver would warn of it, and a child of a fork
        # must leave its parent's connection alone.
        if hasattr(self, "process") and self.process == os.getpid():
            self.close()

    def ask(self, read: str, values: Mapping[str, object]) -> psycopg.Cursor[Row]:
        return self.connection.execute(READS[read].encode(), values)

    def passing(
        self, where: Filter, kinds: Sequence[str], modalities: Sequence[str]
    ) -> psycopg.Cursor[Row]:
        from engine.store.sql import filters

        text, values = filters.select(where, kinds, modalities, filters.POSTGRES)
        return self.connection.execute(text.encode(), values)

    def files(self, where: Filter, kinds: Sequence[str]) -> psycopg.Cursor[Row]:
        from engine.store.sql import filters

        text, values = filters.select_files(where, kinds, filters.POSTGRES)
        return self.connection.execute(text.encode(), values)

    def begin(self) -> None:
        self.connection.execute(_BEGIN)

    def end(self) -> None:
        if not self.connection.closed:
            self.connection.execute("COMMIT")

    def search(self, match: str, kinds: Sequence[str], limit: int) -> list[tuple[int, float]]:
        return postgres_bm25.search(self.connection, match, kinds, limit)

    def matching(self, match: str, most: int) -> int:
        return postgres_bm25.matching(self.connection, match, most)

    def written(self, match: str, most: int) -> list[int]:
        return postgres_bm25.written(self.connection, match, most)

    def word_rows(self) -> int:
        return postgres_bm25.count(self.connection)

    def integrity(self, deep: bool) -> list[str]:
        # The server checks its own files; what is ours to check reads a whole table.
        return postgres_bm25.wrong_totals(self.connection) if deep else []

    def bytes(self) -> int:
        row = self.connection.execute(_BYTES).fetchone()
        return int(row[0]) if row else 0


class Postgres:
    """The catalog as a schema of a database."""

    def __init__(self, path: Path, home: Address) -> None:
        self.path = path
        self.home = home

    @property
    def url(self) -> str:
        return self.home.url

    def reader(self) -> PostgresReader:
        return PostgresReader(self.home, self.path)

    def writer(self, wait: bool = False) -> Engine:
        from engine.store.engines import engine_at

        def connect() -> psycopg.Connection[Any]:
            return _connect_writer(self.home, self.path, wait)

        url = f"{address.SCHEME}://"
        return engine_at(self.home.url, url, connect, use_native_hstore=False)

    def draft(self) -> Engine:
        engine = self.writer()
        try:
            with engine.begin() as db:
                _check_encoding(db)
                # Named before it is made, so that an interrupted run leaves word of it.
                address.write(self.path / address.UNFINISHED, self.home)
                db.exec_driver_sql(f"CREATE SCHEMA {self.home.schema}")
        except BaseException:
            engine.dispose()
            raise
        return engine

    def publish(self) -> None:
        (self.path / address.UNFINISHED).rename(self.path / address.FILE)


def discard_draft(unfinished: Path) -> None:
    """Drop the schema that a draft names, and the draft."""
    # One that cannot be read was cut off before its schema was made.
    with suppress(LibraryCorrupt):
        home = address.read(unfinished)
        with translated(unfinished.parent), _connect(home, unfinished.parent) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {home.schema} CASCADE".encode())
    unfinished.unlink(missing_ok=True)


def _connect(
    home: Address, library: Path, settings: Mapping[str, str] | None = None
) -> psycopg.Connection[Any]:
    """Open a connection of which every statement is its own transaction.

    Raises:
        CatalogUnreachable: the server does not answer, or does not let us in.
    """
    options = {"search_path": home.schema, **_ALWAYS, **(settings or {})}
    own: dict[str, Any] = {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": f"sensorium {os.getpid()}@{os.uname().nodename}",
        "client_encoding": "UTF8",
        # A batch that takes long to encode must not look like a dead connection.
        "keepalives_idle": 60,
    }
    try:
        given = psycopg.conninfo.conninfo_to_dict(home.conninfo)
        own_options = (f"-c {name}={value}" for name, value in options.items())
        given["options"] = " ".join([str(given.get("options") or ""), *own_options])
        return psycopg.connect(**{**own, **given}, autocommit=True)
    except psycopg.Error as error:
        raise CatalogUnreachable(
            f"the catalog of {library} at {home.place} cannot be reached: {one_line(error)};"
            " start the server, or let this user in (PGPASSWORD, ~/.pgpass)"
        ) from error


def _connect_writer(home: Address, library: Path, wait: bool) -> psycopg.Connection[Any]:
    connection = _connect(home, library)
    try:
        _lock(connection, home, library, wait)
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


def _lock(connection: psycopg.Connection[Any], home: Address, library: Path, wait: bool) -> None:
    """Take the library's number for as long as this connection lives."""
    connection.execute(f"SET lock_timeout = {0 if wait else _GRACE_MS}".encode())
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", [home.lock])
    except psycopg.errors.LockNotAvailable as error:
        owner = _owner(connection.execute(_HOLDER, [home.lock]).fetchone())
        raise LibraryBusy(
            f"{library} is being written by {owner}; wait=True waits for it", arguments=("wait",)
        ) from error
    connection.execute(f"SET lock_timeout = {_BUSY_MS}".encode())


def _owner(row: Row | None) -> str:
    if row is None or not str(row[0]).startswith("sensorium "):
        return "another process"
    process, _, host = str(row[0]).removeprefix("sensorium ").partition("@")
    since = row[1].astimezone().isoformat(timespec="seconds")
    return f"process {process} on {host} since {since}"


def _check_encoding(db: Connection) -> None:
    row = db.exec_driver_sql("SHOW server_encoding").fetchone()
    if row is None or row[0] != "UTF8":
        raise UsageError(
            f"the catalog needs a database whose encoding is UTF8, not {row and row[0]}"
        )
