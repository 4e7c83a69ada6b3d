"""Databases that hold a catalog: SQLite in the library's folder, or a PostgreSQL server.

A Store and its Writer talk to these protocols; only ``database_of`` and ``new_database`` know which
databases there are, and import no more than the one that is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.store import address
from engine.store.records import Row
from engine.types import Filter

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


class ReadConnection(Protocol):
    """One thread's connection, which cannot write."""

    process: int
    """The process that opened it; no database lets a connection survive a fork."""
    snapshots: int
    """Number of snapshots of this thread that are open, one inside the other."""
    connection: Any

    @property
    def usable(self) -> bool:
        """False after a fork, or when the connection was lost."""

    def close(self) -> None: ...

    def ask(self, read: str, values: Mapping[str, object]) -> Iterable[Row]:
        """Return the rows of one of the reads by name."""

    def passing(
        self, where: Filter, kinds: Sequence[str], modalities: Sequence[str]
    ) -> Iterable[Row]:
        """Return ids of the moments whose assets pass a filter, in rows of one."""

    def files(self, where: Filter, kinds: Sequence[str]) -> Iterable[Row]:
        """Return what the assets that pass a filter are listed by, as ``ListedFile`` has it."""

    def begin(self) -> None:
        """See one generation from the next read on, until ``end``."""

    def end(self) -> None: ...

    def search(self, match: str, kinds: Sequence[str], limit: int) -> list[tuple[int, float]]:
        """Return moments whose words match, best first, with their BM25."""

    def matching(self, match: str, most: int) -> int:
        """Count the moments whose words match, up to ``most``."""

    def written(self, match: str, most: int) -> list[int]:
        """Return moments whose files' captions and texts match, up to ``most``, in no order."""

    def word_rows(self) -> int:
        """Count the rows of the full text index; 0 where it is missing."""

    def integrity(self, deep: bool) -> list[str]:
        """List what the database finds wrong with itself, one line each."""

    def bytes(self) -> int:
        """Return the size of a catalog that is not in the library's folder."""


class FullText(Protocol):
    """The full text index, as the writer's transaction sees it."""

    def create(self, db: Connection) -> None:
        """(Re-)create it empty."""

    def put(self, db: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows as ``documents.fields`` makes them."""

    def drop(self, db: Connection, moment_ids: Iterable[int]) -> None:
        """Delete the rows of these moments."""


class Database(Protocol):
    """The place of one library's catalog. Holds no connection."""

    @property
    def url(self) -> str | None:
        """The URL of its server; None where the catalog is in the folder."""

    def reader(self) -> ReadConnection: ...

    def writer(self, wait: bool = False) -> Engine:
        """Return an engine of one connection, for the holder of the library's lock.

        Args:
            wait: for a writer that only the database knows of, on another machine.
        """

    def draft(self) -> Engine:
        """Return an engine on an empty catalog that no reader sees until it is published."""

    def publish(self) -> None:
        """Make the draft the library's catalog."""


def database_of(path: Path) -> Database:
    """Return the database of the library in this folder.

    Raises:
        LibraryCorrupt: ``catalog.json`` cannot be read.
        ExtraMissing: it is on PostgreSQL, and the driver is not installed.
    """
    if (path / address.FILE).exists():
        from engine.store.postgres import Postgres

        return Postgres(path, address.read(path / address.FILE))
    from engine.store.sqlite import Sqlite

    return Sqlite(path)


def new_database(path: Path, catalog: str | None) -> Database:
    """Return a database for a library that is about to be made in this folder.

    Raises:
        UsageError: ``catalog`` is no URL of PostgreSQL, or holds a password.
        ExtraMissing: the driver is not installed.
    """
    if catalog is not None:
        from engine.store.postgres import Postgres

        return Postgres(path, address.new_address(catalog))
    from engine.store.sqlite import Sqlite

    return Sqlite(path)


def discard(path: Path) -> None:
    """Remove what an unfinished ``create`` left of either database."""
    for file in path.glob("catalog.sqlite.new*"):
        file.unlink(missing_ok=True)
    unfinished = path / address.UNFINISHED
    if unfinished.exists():
        from engine.store.postgres import discard_draft

        discard_draft(unfinished)


def full_text(db: Connection) -> FullText:
    """Return the full text index of the catalog behind a connection."""
    if db.dialect.name == "postgresql":
        from engine.store.fulltext.postgres_bm25 import TextSearch

        return TextSearch()
    from engine.store.fulltext.fts5 import Fts5

    return Fts5()
