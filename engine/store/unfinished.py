"""Recognise what a creation that was killed left behind, of this version or an older one."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from engine.store import address, database, lock, segments, sqlite

CATALOGS = (sqlite.FILE, address.FILE)
"""The files by which a folder shows that it is a library."""
MARK = "creating-"
"""In the name of a folder that is being filled."""
_DRAFTS = tuple(f"{name}.new" for name in CATALOGS)


def beside(path: Path) -> str:
    """Return how the names of drafts beside a library begin."""
    return f".{path.name}.{MARK}"


def only_leftovers(path: Path) -> bool:
    """Tell whether a folder holds nothing but what an unfinished creation leaves.

    An empty folder does.

    Raises:
        OSError: it cannot be listed now.
    """
    names = {entry.name for entry in path.iterdir()}
    if segments.FOLDER in names and any((path / segments.FOLDER).iterdir()):
        return False
    ours = {name for name in names if name.startswith((*_DRAFTS, f".{MARK}"))}
    ours |= names & {lock.NAME, segments.FOLDER}
    rest = names - ours
    # Older versions published a catalog whose log had stayed behind under the draft's name.
    cut_off = f"{sqlite.FILE}.new-wal" in names and all(n.startswith(sqlite.FILE) for n in rest)
    return not rest or (cut_off and not _holds_a_library(path / sqlite.FILE))


def _holds_a_library(file: Path) -> bool:
    """Tell whether a catalog has its tables; False where SQLite finds none."""
    if not file.exists():
        return False
    name = f"file:{quote(os.fsencode(file))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(name, uri=True)) as db:
            return bool(db.execute("SELECT count(*) FROM library").fetchone()[0])
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR) & 0xFF
        gone = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        return code not in gone


def tidy(path: Path) -> None:
    """Remove the leftovers inside a folder that holds nothing else. Only under its lock."""
    database.discard(path)
    for entry in list(path.iterdir()):
        if entry.name.startswith(f".{MARK}"):
            discard(entry)
        elif entry.name.startswith(sqlite.FILE):
            entry.unlink(missing_ok=True)


def tidy_beside(path: Path) -> None:
    """Remove drafts beside a library whose makers have died."""
    with suppress(OSError):
        for draft in path.parent.glob(f"{beside(path)}*"):
            if _is_abandoned(draft):
                discard(draft)


def _is_abandoned(draft: Path) -> bool:
    import fcntl

    with suppress(OSError):
        descriptor = os.open(draft / lock.NAME, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        finally:
            os.close(descriptor)
    return False


def discard(draft: Path) -> None:
    """Remove a draft, and its part on a server, as far as that goes."""
    with suppress(Exception):
        database.discard(draft)
    shutil.rmtree(draft, ignore_errors=True)
