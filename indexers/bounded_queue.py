"""The queue between the threads that decode and the one that encodes.

It is bounded in bytes and not in items: a sentence and a long window differ by
four orders of magnitude, and memory is what the bound is for.
"""

from __future__ import annotations

import time
from collections import deque
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """The reader has gone; whoever still writes can stop."""


class Drained(Exception):
    """All writers have finished and everything has been read."""


class BoundedQueue(Generic[T]):
    """A queue of many writers and one reader that holds at most ``limit`` bytes.

    One item larger than the limit passes alone. Nobody polls: writers and reader
    sleep until there is something to do.
    """

    def __init__(self, limit: int, writers: int) -> None:
        self._limit = limit
        self._writers = writers
        self._items: deque[tuple[T, int]] = deque()
        self._nbytes = 0
        self._stopped = False
        self._error: BaseException | None = None
        self._changed = Condition()

    @property
    def nbytes(self) -> int:
        """Bytes that wait to be read."""
        return self._nbytes

    def put(self, item: T, nbytes: int = 0) -> None:
        """Add ``item`` as soon as there is room for it.

        Raises:
            Stopped: nobody reads any more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._fits(nbytes))
            if self._stopped:
                raise Stopped
            self._items.append((item, nbytes))
            self._nbytes += nbytes
            self._changed.notify_all()

    def _fits(self, nbytes: int) -> bool:
        return self._nbytes == 0 or self._nbytes + nbytes <= self._limit

    def finish(self, error: BaseException | None = None) -> None:
        """Note that one writer is done; with ``error``, so is the run."""
        with self._changed:
            self._writers -= 1
            self._error = self._error or error
            self._changed.notify_all()

    def get(self, until: float | None = None) -> T | None:
        """Return the next item, or None once ``time.monotonic()`` passes ``until``.

        Raises:
            Drained: there will be no more.
            BaseException: what a writer finished with.
        """
        with self._changed:
            self._changed.wait_for(
                self._readable, None if until is None else max(0.0, until - time.monotonic())
            )
            if self._error is not None:
                raise self._error
            if self._items:
                item, nbytes = self._items.popleft()
                self._nbytes -= nbytes
                self._changed.notify_all()
                return item
            if self._writers == 0:
                raise Drained
            return None

    def _readable(self) -> bool:
        return bool(self._items) or self._writers == 0 or self._error is not None

    def stop(self) -> None:
        """Let go of everything that waits, and of everyone who waits to add to it."""
        with self._changed:
            self._stopped = True
            self._items.clear()
            self._nbytes = 0
            self._changed.notify_all()
