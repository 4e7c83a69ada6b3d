"""Bring the catalog of an earlier version to the schema of this one."""

from __future__ import annotations

from pathlib import Path

from engine.store import database, lock
from engine.store.error_translation import translated


def upgrade(path: Path) -> None:
    """Run the migrations that this library has not seen. Takes the write lock.

    Raises:
        LibraryBusy, LibraryReadOnly: it cannot be upgraded now; it is as it was.
    """
    from engine.store.sql.migrations import run
    from engine.store.write import full_text_rows

    with lock.locked(path), translated(path):
        engine = database.database_of(path).writer()
        try:
            with engine.begin() as db:
                run(db)
                if full_text_rows.lacks_words(db):
                    full_text_rows.fill_words(db)
        finally:
            engine.dispose()
