"""Create a library.

The catalog is built as a draft that nobody sees and published last, so that a folder
holds either a whole library or nothing that looks like one.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.common.atomic_write import sync_folder
from engine.errors import NotALibrary, StoreError
from engine.store import address, database, lock, segments, sqlite
from engine.store.error_translation import translated
from engine.store.sql.revisions import HEAD

if TYPE_CHECKING:
    from sqlalchemy import Connection

CATALOGS = (sqlite.FILE, address.FILE)
"""The files by which a folder shows that it is a library."""


def create(path: Path, encoder: str, catalog: str | None = None) -> None:
    """Make an empty library.

    Args:
        catalog: URL of the PostgreSQL database that takes the catalog; None for a file
            in the folder.

    Raises:
        UsageError: ``catalog`` cannot be used; nothing has been written then.
        NotALibrary: the folder is a library already, or holds something else.
        LibraryReadOnly: the folder cannot be made.
    """
    home = database.new_database(path, catalog)
    with translated(path):
        _check_empty(path)
        made = _make_folders(path)
    try:
        with lock.locked(path), translated(path):
            _check_empty(path)
            (path / segments.FOLDER).mkdir(exist_ok=True)
            _build(path, encoder, home)
    except NotALibrary:
        # Someone else made it between the look and the lock: theirs to keep.
        raise
    except BaseException:
        _clear(path, made)
        raise


def _check_empty(path: Path) -> None:
    """Refuse anything but an absent folder, or what an unfinished ``create`` left."""
    if not path.exists():
        above = next(folder for folder in path.parents if folder.exists())
        if not above.is_dir():
            raise NotALibrary(f"{path} cannot be a folder: {above} is a file")
        return
    if not path.is_dir():
        raise NotALibrary(f"{path} is a file, and a library is a folder")
    names = {entry.name for entry in path.iterdir()}
    if names.intersection(CATALOGS):
        raise NotALibrary(f"{path} is a library already; open it, or name another folder")
    unfinished = tuple(f"{name}.new" for name in CATALOGS)
    ours = {name for name in names if name.startswith(unfinished) or name == lock.NAME}
    if segments.FOLDER in names and _is_empty_folder(path / segments.FOLDER):
        ours.add(segments.FOLDER)
    if names - ours:
        raise NotALibrary(f"{path} is not empty and is not a library; name another folder")


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _make_folders(path: Path) -> list[Path]:
    """Make the folder and its parents; returns those that were made, innermost first."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    return missing


def _build(path: Path, encoder: str, home: database.Database) -> None:
    database.discard(path)
    engine = home.draft()
    try:
        with engine.begin() as db:
            _fill(db, encoder)
    finally:
        engine.dispose()
    home.publish()
    sync_folder(path)


def _fill(db: Connection, encoder: str) -> None:
    """Create the tables as the migrations would have, in a tenth of their time."""
    from sqlalchemy import column, insert, table

    from engine.store.sql import schema

    schema.metadata.create_all(db)
    db.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
    )
    db.execute(insert(table("alembic_version", column("version_num"))), {"version_num": HEAD})
    database.full_text(db).create(db)
    first = {
        "id": 1,
        "encoder": encoder,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "generation": 1,
        "next_asset": 1,
        "next_moment": 1,
        "next_segment": 1,
    }
    db.execute(insert(schema.library), first)


def _clear(path: Path, made: list[Path]) -> None:
    """Remove what ``create`` had made before it failed, as far as that goes.

    Errors are passed over: the one that brought us here says more than another would.
    """
    with suppress(OSError, StoreError):
        database.discard(path)
    with suppress(OSError):
        (path / lock.NAME).unlink()
    for folder in (path / segments.FOLDER, *made):
        with suppress(OSError):  # it was not made yet, or holds something else
            folder.rmdir()
