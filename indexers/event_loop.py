"""The loop of a run: threads that decode jobs, and the caller's own that encodes and commits.

The pipeline of ``index`` and the backfill of a space differ in what their jobs are and in
what is committed of them. What they share is here: the queue between the threads, batches
that are flushed when there is nothing else to do, commits when they are due, and that what
is finished is committed however a run ends.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Generic, Protocol, TypeVar

from engine.common.progress import Progress
from engine.config import Settings
from indexers.bounded_queue import BoundedQueue, Drained
from indexers.readers import reading
from indexers.worker import Assembly, Worker

Job = TypeVar("Job", bound=Assembly)
Event = TypeVar("Event")

_REPORT_SECONDS = 0.5
"""Seconds after which progress hears of a run in which no file ends, so that it can cancel."""


class JobHandler(Protocol[Job, Event]):
    """The jobs of one kind of run: how they are read, and what becomes of them."""

    @property
    def due(self) -> float:
        """The time of the next commit, by ``time.monotonic()``."""

    def events(self, job: Job) -> Generator[Event, None, None]:
        """Read a job, and end with an event that says how that went. In a decoding thread."""

    def nbytes(self, event: Event) -> int:
        """Return the bytes that an event holds while it waits."""

    def take(self, job: Job, event: Event) -> None:
        """Handle one event of one job."""

    def settle(self, jobs: set[Job]) -> None:
        """Take up the jobs whose moments have been given vectors."""

    def commit(self) -> None:
        """Commit what is finished, because that is due."""

    def finish(self) -> None:
        """Do what is left when all events are handled."""

    def rescue(self) -> None:
        """Commit what is finished when the run is cut off: by an error, or cancelled."""


class EventLoop(Generic[Job, Event]):
    """One pass over jobs."""

    def __init__(
        self,
        handler: JobHandler[Job, Event],
        worker: Worker[Job],
        settings: Settings,
        progress: Progress,
    ) -> None:
        self._handler = handler
        self._worker = worker
        self._threads = settings.threads
        self._progress = progress
        self._reported = time.monotonic()
        self._queue: BoundedQueue[tuple[Job, Event]] = BoundedQueue(
            settings.look_ahead, settings.threads
        )

    def run(self, jobs: Iterator[Job], name: str) -> None:
        """Handle all jobs; no thread is left when this returns.

        Args:
            name: of the threads, before a number.
        """
        with reading(jobs, self._read, self._queue, self._threads, name):
            try:
                self._consume()
            except BaseException:
                self._handler.rescue()  # what is finished stays, whatever ended the run
                raise

    def _consume(self) -> None:
        handler = self._handler
        while True:
            try:
                event = self._next_event()
            except Drained:
                break
            if event is not None:
                handler.take(*event)
            else:
                handler.settle(self._worker.flush())  # nothing to do: small batches cost nothing
            self._report()
            if time.monotonic() >= handler.due:
                handler.commit()
        handler.settle(self._worker.flush())
        handler.finish()

    def _next_event(self) -> tuple[Job, Event] | None:
        """Wait for an event until a commit is due; None when it is."""
        due = self._handler.due
        while True:
            event = self._queue.get(until=min(due, time.monotonic() + _REPORT_SECONDS))
            if event is not None or time.monotonic() >= due:
                return event
            self._report()

    def _report(self) -> None:
        """Let progress hear of the run now and then, also while no file ends."""
        if (now := time.monotonic()) >= self._reported + _REPORT_SECONDS:
            self._reported = now
            self._progress.advance(0)

    def _read(self, job: Job) -> None:
        """Put all events of one job into the queue."""
        with closing(self._handler.events(job)) as events:
            for event in events:
                self._queue.put((job, event), self._handler.nbytes(event))
