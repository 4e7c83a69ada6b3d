"""Running work for requests: a few at a time, some waiting, and no more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TypeVar

from engine.common.progress import CancelToken
from engine.server.observing.stages import in_request

T = TypeVar("T")


class Overloaded(Exception):
    """Too much is waiting already; the caller is to try again later."""

    seconds = 1
    """Seconds after which that makes sense."""


class DeadlineMissed(Exception):
    """The work was not done in the time that a request has."""


class Admission:
    """Runs blocking calls in threads, beside an event loop.

    A call whose caller has gone, or whose deadline has passed, is dropped while it waits. One that
    runs already keeps its place until it ends: a place that was given away while its work goes on
    would let the machine be overloaded by callers who give up.
    """

    def __init__(self, workers: int, waiting: int, seconds: float, name: str = "serve") -> None:
        self.workers, self.waiting, self.seconds = workers, waiting, seconds
        self._pool = ThreadPoolExecutor(workers, name)
        self._inside = 0
        self._begun: dict[int, float] = {}
        self._numbers = count()

    @property
    def taken(self) -> int:
        """Places that are taken, of those who work and of those who wait."""
        return self._inside

    @property
    def queued(self) -> int:
        """Calls that wait for a thread."""
        return max(0, self._inside - self.workers)

    @property
    def running(self) -> int:
        """Calls that a thread works on."""
        return len(self._begun)

    @property
    def wedged(self) -> int:
        """Threads that have worked on one call for twice the time that a request has."""
        now = time.monotonic()
        return sum(now - begun > 2 * self.seconds for begun in [*self._begun.values()])

    async def run(self, call: Callable[[], T], cancel: CancelToken | None = None) -> T:
        """Run a call in a thread and return its result.

        Args:
            cancel: is cancelled where nobody waits for the result of a running call any more.

        Raises:
            Overloaded: too many are waiting.
            DeadlineMissed: it takes too long.
        """
        if self._inside >= self.workers + self.waiting:
            raise Overloaded
        self._inside += 1
        submitted = self._pool.submit(self._timed, in_request(call))
        future = asyncio.wrap_future(submitted)
        future.add_done_callback(self._left)
        try:
            return await asyncio.wait_for(asyncio.shield(future), self.seconds)
        except TimeoutError:
            if future.done():
                raise  # the call's own
            raise DeadlineMissed from None
        finally:
            if not future.done() and not submitted.cancel() and cancel is not None:
                cancel.cancel()

    def _timed(self, call: Callable[[], T]) -> T:
        number = next(self._numbers)
        self._begun[number] = time.monotonic()
        try:
            return call()
        finally:
            del self._begun[number]

    def _left(self, future: asyncio.Future[T]) -> None:
        self._inside -= 1
        if not future.cancelled():
            future.exception()  # asked for, so that asyncio does not complain where nobody waits

    def close(self) -> None:
        """Let running calls end, and take no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
