"""The connections that read a catalog: one for each thread, opened when it first asks."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from engine.store.database import Database, ReadConnection
from engine.store.error_translation import translated
from engine.store.records import Row


class CatalogConnections:
    """Ask the reads of a catalog by name, from any thread.

    Errors of the database are those of this project's tree.
    """

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self._database = database
        self._local = threading.local()
        self._readers: weakref.WeakSet[ReadConnection] = weakref.WeakSet()
        self._guard = threading.Lock()

    def close(self) -> None:
        """Close the connections of all threads. A later question opens a new one."""
        with self._guard:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
            self._local = threading.local()

    @property
    def reader(self) -> ReadConnection:
        """The connection of this thread."""
        reader: ReadConnection | None = getattr(self._local, "reader", None)
        if reader is None or not reader.usable:
            reader = self._database.reader()
            with self._guard:
                self._readers.add(reader)
            self._local.reader = reader
        return reader

    def ask(self, read: str, **values: object) -> list[Row]:
        """Return all rows of a read."""
        with translated(self.path):
            return list(self.reader.ask(read, values))

    def ask_value(self, read: str, **values: object) -> Any:
        """Return the first column of the first row of a read."""
        return self.ask(read, **values)[0][0]

    def stream(self, read: str, **values: object) -> Iterator[Row]:
        """Yield the rows of a read as the database gives them."""
        with translated(self.path):
            reader = self.reader  # which closes its connection when nothing holds it
            yield from reader.ask(read, values)

    def ask_newest(self, read: str, **values: object) -> list[Row]:
        """Return all rows of a read of the newest generation, whatever this thread's is."""
        with translated(self.path), closing(self._database.reader()) as newest:
            rows: Iterable[Row] = newest.ask(read, values)
            return list(rows)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let this thread's reads inside see one generation, whatever is committed meanwhile."""
        with translated(self.path):
            reader = self.reader
            if reader.snapshots == 0:
                reader.begin()
        reader.snapshots += 1
        try:
            if reader.snapshots == 1:
                # A deferred transaction takes its view at the first read.
                self._local.generation = int(self.ask_value("generation"))
            yield
        finally:
            reader.snapshots -= 1
            if reader.snapshots == 0:
                self._local.generation = None
                with translated(self.path):
                    reader.end()

    def generation(self) -> int:
        """Return the generation that this thread's next read sees."""
        seen: int | None = getattr(self._local, "generation", None)
        return int(self.ask_value("generation")) if seen is None else seen
