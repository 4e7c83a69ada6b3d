"""Reads of mapped indexes whose file is cut, or whose disk fails, meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from engine.common.mapped_files import PageLost, guarded, lost_pages
from engine.index.disk import FOLDER
from engine.store.error_translation import unavailable

_T = TypeVar("_T")


@contextmanager
def guarded_indexes(library: Path) -> Iterator[None]:
    """Turn lost pages of a library's indexes into an error, in place of a signal.

    Raises:
        LibraryUnavailable: a page was lost, and nothing that was read meanwhile counts.
    """
    try:
        with guarded(library / FOLDER):
            yield
    except PageLost as error:
        raise unavailable(Path(error.filename), error) from error


class MappedIndexes:
    """The indexes that a process has mapped, which are opened anew once a page was lost.

    Those that have lost one hold zeros there. What is opened anew is checked: a file that was
    cut is passed over then, and the vectors are read from the log.

    Args:
        forget: lets go of all that is open.
    """

    def __init__(self, library: Path, forget: Callable[[], None]) -> None:
        self._library, self._forget = library, forget
        self._known = lost_pages()

    def read(self, work: Callable[[], _T]) -> _T:
        """Return what a call makes of the indexes; it is made again where a page was lost.

        Raises:
            LibraryUnavailable: the disk gives no other page at the second look either.
        """
        try:
            return self._read(work)
        except PageLost:
            pass
        with guarded_indexes(self._library):
            return self._read(work)

    def _read(self, work: Callable[[], _T]) -> _T:
        if self._known != (lost := lost_pages()):
            self._forget()
            self._known = lost
        with guarded(self._library / FOLDER):
            return work()
