"""Errors of SQLite and of the operating system, as one line that says the way out."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import LibraryBusy, LibraryCorrupt, LibraryReadOnly, StoreError

_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}
_FULL = {errno.ENOSPC, errno.EDQUOT}
_PRIMARY = 0xFF
"""An extended result code of SQLite holds its primary code in the low byte."""


@contextmanager
def translated(library: Path) -> Iterator[None]:
    """Turn what SQLite, SQLAlchemy or the system raise into the errors of this tree.

    Raises:
        LibraryReadOnly, LibraryBusy, LibraryCorrupt, StoreError: as it happens.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise from_sqlite(error, library) from error
    except OSError as error:
        raise from_system(error, library) from error
    except Exception as error:
        # SQLAlchemy wraps the driver's error; asked by attribute, because a reader
        # must not pay for importing SQLAlchemy to name its exceptions.
        origin = getattr(error, "orig", None)
        if isinstance(origin, sqlite3.Error):
            raise from_sqlite(origin, library) from error
        raise


def from_system(error: OSError, library: Path) -> StoreError:
    """The error of a call of the operating system on a file of the library."""
    if error.errno in _FULL:
        return _disk_full(library)
    if error.errno in _REFUSED:
        reason = (error.strerror or str(error)).lower()
        return LibraryReadOnly(f"{library} cannot be written: {reason}")
    return StoreError(f"{library}: {_one_line(error)}; the library is as it was before")


def from_sqlite(error: sqlite3.Error, library: Path) -> StoreError:
    """The error of a statement on the catalog."""
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
    return StoreError(f"the catalog of {library}: {_one_line(error)}")


def _corrupt(error: sqlite3.Error, library: Path) -> LibraryCorrupt:
    return LibraryCorrupt(
        f"the catalog of {library} is damaged ({_one_line(error)}); "
        "restore catalog.sqlite from a backup, or index the files into a new library"
    )


def _disk_full(library: Path) -> LibraryReadOnly:
    return LibraryReadOnly(f"the disk of {library} is full; the library is as it was before")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
