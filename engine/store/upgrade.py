"""Bring the catalog of an earlier version to the schema of this one."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from engine.common.file_state import os_reason
from engine.errors import LibraryReadOnly
from engine.store import database, lock
from engine.store.error_translation import translated
from engine.store.sqlite import FILE, Sqlite, writer_engine

if TYPE_CHECKING:
    from sqlalchemy import Engine


def upgrade(path: Path) -> None:
    """Run the migrations that this library has not seen. Takes the write lock.

    Raises:
        LibraryBusy, LibraryReadOnly: it cannot be upgraded now; it is as it was.
    """
    with lock.locked(path), translated(path):
        _migrate(database.database_of(path).writer())


def upgraded_copy(path: Path) -> MigratedCopy:
    """Migrate a copy of the catalog of a library whose folder takes no writes.

    Raises:
        LibraryReadOnly: the catalog is no file of the folder, or there is no room for a copy.
    """
    home = database.database_of(path)
    if not isinstance(home, Sqlite):
        raise LibraryReadOnly(f"{path} is of an earlier version, and its catalog takes no writes")
    try:
        made = MigratedCopy(Path(tempfile.mkdtemp(prefix="sensorium-catalog-")), path)
        for name in (FILE, f"{FILE}-wal"):
            if (path / name).exists():
                shutil.copyfile(path / name, made.path / name)
        with translated(made.path):
            _migrate(writer_engine(made.path / FILE))
    except OSError as error:
        raise LibraryReadOnly(
            f"{path} is of an earlier version, takes no writes, and a copy of its catalog cannot"
            f" be made in the folder of temporary files: {os_reason(error)}"
        ) from error
    return made


class MigratedCopy(Sqlite):
    """A catalog that was brought to this version in a folder of temporary files.

    It lasts as long as it is used, and is never written: what was would be lost.
    """

    def __init__(self, folder: Path, library: Path) -> None:
        super().__init__(folder)
        self._library = library
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def writer(self, wait: bool = False) -> Engine:
        del wait
        raise LibraryReadOnly(
            f"{self._library} was opened when its folder took no writes; open it again to write"
        )


def _migrate(engine: Engine) -> None:
    from engine.store.sql.migrations import run
    from engine.store.write import full_text_rows

    try:
        with engine.begin() as db:
            run(db)
            if full_text_rows.lacks_words(db):
                full_text_rows.fill_words(db)
    finally:
        engine.dispose()
