"""Errors of the databases and of the operating system, as one line that says the way out.

Neither SQLAlchemy nor psycopg is imported to name their exceptions, for which a reader
on SQLite would pay: SQLAlchemy's hold the driver's as ``orig``, and psycopg's have the
SQLSTATE of the server as ``sqlstate``.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from types import TracebackType

from engine.common.file_state import os_reason
from engine.errors import (
    CatalogUnreachable,
    LibraryBusy,
    LibraryCorrupt,
    LibraryReadOnly,
    LibraryUnavailable,
    StoreError,
)

_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}
_FULL = {errno.ENOSPC, errno.EDQUOT}
_PRIMARY = 0xFF
"""An extended result code of SQLite holds its primary code in the low byte."""


class translated:  # noqa: N801  # read as a function is
    """Turn what a database, SQLAlchemy or the system raise into the errors of this tree.

    Every read of a catalog is inside of one, some fifteen in a search; a generator that is
    made a context takes five times as long to enter and leave.

    Raises:
        LibraryReadOnly, LibraryBusy, LibraryCorrupt, CatalogUnreachable, StoreError: as
            it happens.
    """

    __slots__ = ("_library",)

    def __init__(self, library: Path) -> None:
        self._library = library

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(error, Exception):
            return
        if isinstance(error, OSError):
            raise from_system(error, self._library) from error
        origin = getattr(error, "orig", None) or error
        if isinstance(origin, sqlite3.Error):
            raise from_sqlite(origin, self._library) from error
        if hasattr(origin, "sqlstate"):
            raise from_postgres(origin, self._library) from error


def from_system(error: OSError, library: Path) -> StoreError:
    """Translate the error of a system call on a file of the library."""
    if error.errno in _FULL:
        return _disk_full(library)
    if error.errno in _REFUSED:
        return LibraryReadOnly(f"{library} cannot be written: {os_reason(error)}")
    return LibraryUnavailable(f"{library}: {one_line(error)}; the library is as it was before")


def unavailable(file: Path, error: OSError) -> LibraryUnavailable:
    """Return the error of a file of the library that could not be looked at or read."""
    return LibraryUnavailable(
        f"{file} cannot be read: {os_reason(error)}; nothing was changed, try again"
    )


def from_sqlite(error: sqlite3.Error, library: Path) -> StoreError:
    """Translate the error of a statement on a catalog of SQLite."""
    code = getattr(error, "sqlite_errorcode", None)
    match code & _PRIMARY if code is not None else None:
        case sqlite3.SQLITE_FULL:
            return _disk_full(library)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return LibraryReadOnly(f"the catalog of {library} cannot be written: {error}")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LibraryBusy(f"the catalog of {library} is locked by another process; try again")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return _corrupt(error, library)
        case sqlite3.SQLITE_ERROR if "no such table" in str(error):
            return _corrupt(error, library)
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_NOMEM:
            return LibraryUnavailable(
                f"the catalog of {library} cannot be read or written now:"
                f" {one_line(error)}; try again"
            )
    return StoreError(f"the catalog of {library}: {one_line(error)}")


def from_postgres(error: Exception, library: Path) -> StoreError:
    """Translate the error of a statement on a catalog of PostgreSQL."""
    state: str | None = getattr(error, "sqlstate", None)
    line = one_line(error)
    match state, (state or "")[:2]:
        case None, _ if _is_disconnect(error):
            return _disconnected(line, library)
        case _, "08" | "57":
            return _disconnected(line, library)
        case _, "53":
            return LibraryReadOnly(
                f"the server of the catalog of {library} has no room: {line};"
                " the library is as it was before"
            )
        case "25006" | "42501", _:
            return LibraryReadOnly(f"the catalog of {library} cannot be written: {line}")
        case "55P03" | "40001" | "40P01", _:
            return LibraryBusy(f"the catalog of {library} is locked by another process; try again")
        case "42P01" | "3F000" | "42703", _:
            return LibraryCorrupt(
                f"the catalog of {library} is not where catalog.json says ({line});"
                " restore the database from a backup, or index the files into a new library"
            )
        case _, "XX":
            return LibraryCorrupt(
                f"the catalog of {library} is damaged ({line}); restore the database from"
                " a backup, or index the files into a new library"
            )
    return StoreError(f"the catalog of {library}: {line}")


def _is_disconnect(error: Exception) -> bool:
    """Tell whether an error that the server did not send is about the way to it."""
    return type(error).__name__ in ("OperationalError", "InterfaceError")


def _disconnected(line: str, library: Path) -> CatalogUnreachable:
    return CatalogUnreachable(
        f"the connection to the catalog of {library} was lost: {line}; try again"
    )


def _corrupt(error: sqlite3.Error, library: Path) -> LibraryCorrupt:
    return LibraryCorrupt(
        f"the catalog of {library} is damaged ({one_line(error)}); "
        "restore catalog.sqlite from a backup, or index the files into a new library"
    )


def _disk_full(library: Path) -> LibraryReadOnly:
    return LibraryReadOnly(f"the disk of {library} is full; the library is as it was before")


def one_line(error: BaseException) -> str:
    """Return the whole message of an error, without its line breaks."""
    return " ".join(str(error).split()) or type(error).__name__
