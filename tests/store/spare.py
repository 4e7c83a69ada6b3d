"""A library on a server that one test after another has, emptied in between.

Making its schema takes the server as long as ten small commits, and 350 tests want one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from engine.store import Store, address
from engine.store.sql.schema import metadata

_STRUCTURE = """
SELECT c.relname, a.attname, a.atttypid, a.attnotnull, a.atthasdef,
    (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid)
FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = %s::regnamespace ORDER BY c.relname, a.attnum
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = %s"
_PATIENCE = "10s"
"""How long a session of the test before may take to end."""


class SpareLibrary:
    """Lends copies of a folder whose catalog is one schema, which is as it was for each test.

    Args:
        make: makes the library at a path; it is kept in another place.
    """

    def __init__(self, folder: Path, make: Callable[[Path], None]) -> None:
        self._folder, self._make = folder, make
        self._made = 0
        self._spare: _Kept | None = None

    @contextmanager
    def lent(self, path: Path) -> Iterator[Store]:
        """Yield the library, opened in this folder."""
        if self._spare is None:
            self._made += 1
            home = self._folder / str(self._made)
            self._make(home)
            self._spare = _Kept(home)
        kept, self._spare = self._spare, None
        shutil.copytree(kept.folder, path)
        with Store.open(path) as store:
            yield store
        try:
            kept.restore()
        except (psycopg.Error, _OtherTables):
            kept.connection.close()  # the next test has a new one
        else:
            self._spare = kept

    def close(self) -> None:
        """Close the connection."""
        if self._spare is not None:
            self._spare.connection.close()


class _OtherTables(Exception):
    """A test has changed more than rows."""


class _Kept:
    """A library's folder, and the rows that its catalog had at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._home = address.read(folder / address.FILE)
        self._rows = f"rows_of_{self._home.schema}"
        self.connection = psycopg.connect(self._home.conninfo, autocommit=True)
        self._ask(f"SET lock_timeout = '{_PATIENCE}'")
        self._structure = self._looked_up()
        names = [str(name) for (name,) in self._ask(_TABLES, self._home.schema)]
        known = [table.name for table in metadata.sorted_tables if table.name in names]
        self._tables = [*known, *sorted({*names} - {*known})]
        self._ask(f"CREATE SCHEMA {self._rows}")
        for name in self._tables:
            self._ask(f"CREATE UNLOGGED TABLE {self._rows}.{name} AS TABLE {self._in(name)}")
        self._filled = [n for n in self._tables if self._ask(f"TABLE {self._rows}.{n} LIMIT 1")]

    def restore(self) -> None:
        """Put the catalog's rows back; raises where that is not all that has changed."""
        with self.connection.transaction():
            # A writer that was killed may have a session still.
            self._ask("SELECT pg_advisory_xact_lock(%s)", self._home.lock)
            if self._looked_up() != self._structure:
                raise _OtherTables
            for name in reversed(self._tables):
                self._ask(f"DELETE FROM {self._in(name)}")
            for name in self._filled:
                self._ask(f"INSERT INTO {self._in(name)} TABLE {self._rows}.{name}")

    def _in(self, table: str) -> str:
        return f"{self._home.schema}.{table}"

    def _looked_up(self) -> list[tuple[object, ...]]:
        return self._ask(_STRUCTURE, self._home.schema)

    def _ask(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        done = self.connection.execute(statement.encode(), values)
        return done.fetchall() if done.description else []
