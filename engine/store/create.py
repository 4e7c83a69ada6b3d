"""Create a library.

All of it is made in a draft that nobody sees, and one rename makes it the library: of the
whole folder, or of the catalog where the folder is there already. So whatever ends a
creation, a folder holds either a library or nothing that looks like one.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.common.atomic_write import sync_folder, sync_tree
from engine.errors import NotALibrary, StoreError
from engine.store import database, failpoints, lock, segments, unfinished
from engine.store.error_translation import translated
from engine.store.failpoints import FailPoint
from engine.store.sql.revisions import HEAD

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ROOM = 2**20
"""Bytes that must be free when a library is made: its first commit maps that much."""


def create(path: Path, encoder: str, catalog: str | None = None) -> None:
    """Make an empty library.

    Args:
        catalog: URL of the PostgreSQL database that takes the catalog; None for a file
            in the folder.

    Raises:
        UsageError: ``catalog`` cannot be used; nothing has been written then.
        NotALibrary: the folder is a library already, or holds something else.
        LibraryReadOnly: the folder cannot be made, or its disk is full; nothing is left.
    """
    database.new_database(path, catalog)
    with translated(path):
        _check_empty(path)
        unfinished.tidy_beside(path)
        made = _make_parents(path)
    try:
        with translated(path):
            if path.exists():
                _create_inside(path, encoder, catalog)
            else:
                _create_beside(path, encoder, catalog)
    except BaseException:
        for folder in made:
            with suppress(OSError):  # it holds something else by now
                folder.rmdir()
        raise
    failpoints.hit(FailPoint.CREATE_RENAMED)


def _check_empty(path: Path) -> None:
    """Refuse anything but an absent folder, or what an unfinished ``create`` left."""
    if not path.exists():
        above = next(folder for folder in path.parents if folder.exists())
        if not above.is_dir():
            raise NotALibrary(f"{path} cannot be a folder: {above} is a file")
        return
    if not path.is_dir():
        raise NotALibrary(f"{path} is a file, and a library is a folder; name another folder")
    if unfinished.only_leftovers(path):
        return
    if any((path / name).exists() for name in unfinished.CATALOGS):
        raise NotALibrary(f"{path} is a library already; open it, or name another folder")
    raise NotALibrary(f"{path} is not empty and is not a library; name another folder")


def _make_parents(path: Path) -> list[Path]:
    """Make the folders above; returns those that were made, innermost first."""
    missing = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    return missing


def _create_beside(path: Path, encoder: str, catalog: str | None) -> None:
    """Fill a folder beside the place of the library, and give it its name."""
    with _draft(path, path.parent, unfinished.beside(path)) as draft, lock.locked(draft):
        _build(draft, encoder, catalog)
        try:
            draft.rename(path)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            _check_empty(path)
            raise NotALibrary(f"{path} is not empty; name another folder") from error
        sync_folder(path.parent)


def _create_inside(path: Path, encoder: str, catalog: str | None) -> None:
    """Fill a folder inside of one that is there, and move the catalog out of it as the last."""
    locked_before = (path / lock.NAME).exists()
    try:
        with lock.locked(path):
            _check_empty(path)  # someone else may have made it since the first look
            unfinished.tidy(path)
            with _draft(path, path, f".{unfinished.MARK}") as draft:
                _build(draft, encoder, catalog)
                (path / segments.FOLDER).mkdir(exist_ok=True)
                for name in unfinished.CATALOGS:
                    if (draft / name).exists():
                        (draft / name).rename(path / name)
                sync_folder(path)
    except BaseException:
        if not any((path / name).exists() for name in unfinished.CATALOGS):
            with suppress(OSError):
                (path / segments.FOLDER).rmdir()
            if not locked_before:
                with suppress(OSError):
                    (path / lock.NAME).unlink()
        raise


@contextmanager
def _draft(path: Path, parent: Path, prefix: str) -> Iterator[Path]:
    """Yield an empty folder, which is gone at the end unless it was renamed."""
    draft = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
    try:
        draft.chmod(0o777 & ~_umask())
        yield draft
    except StoreError as error:
        # People know the library by the name that it was to have.
        error.args = (str(error).replace(str(draft), str(path)), *error.args[1:])
        raise
    finally:
        if draft.exists():
            unfinished.discard(draft)


def _umask() -> int:
    """Return the mask of new files, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _build(draft: Path, encoder: str, catalog: str | None) -> None:
    """Fill a draft, and make all of it last."""
    failpoints.hit(FailPoint.CREATE_BEGUN)
    (draft / segments.FOLDER).mkdir()
    home = database.new_database(draft, catalog)
    engine = home.draft()
    try:
        with engine.begin() as db:
            _fill(db, encoder)
    finally:
        engine.dispose()
    failpoints.hit(FailPoint.CREATE_DRAFTED)
    home.publish()
    _require_room(draft)
    sync_tree(draft)
    failpoints.hit(FailPoint.CREATE_FILLED)


def _require_room(draft: Path) -> None:
    """Find out now whether the disk has room for a first commit.

    SQLite maps its log into memory: where the disk cannot back that, the system ends the
    process instead of refusing a write.
    """
    file = draft / "room"
    with file.open("wb") as stream:
        try:
            os.posix_fallocate(stream.fileno(), 0, _ROOM)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
        except AttributeError:  # this system has no such call
            pass
    file.unlink()


def _fill(db: Connection, encoder: str) -> None:
    """Create the tables as the migrations would have, in a fiftieth of their time."""
    from sqlalchemy import column, insert, table

    from engine.store.sql import schema

    made = schema.definitions(db.dialect.name)
    # A server is asked once; SQLite takes one statement at a time.
    for statement in (";".join(made),) if db.dialect.name == "postgresql" else made:
        db.exec_driver_sql(statement)
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
