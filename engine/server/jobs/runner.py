"""The jobs of all libraries of a server, and those who watch them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from engine.server.jobs.calls import CALLS
from engine.server.jobs.line import JobLine
from engine.server.load.admission import Overloaded
from engine.server.problems import Problem
from engine.server.shelf import Shelf
from engine.types.jobs import ENDED, Job

_MOST_WATCHING = 64
"""Streams of events and waiting requests at a time."""
_ELSEWHERE = 1.0
"""Seconds after which the record of a job is read again that another server runs."""
_PATIENCE = 15.0
"""Seconds in which the job that runs has to end when the server does."""


class JobRunner:
    """Starts, finds, cancels and resumes jobs, which have their own thread for each library."""

    def __init__(self, shelf: Shelf) -> None:
        self._lines = {name: JobLine(library, CALLS, self._tell) for name, library in shelf}
        self._watching: set[_Watch] = set()
        self.stopping = False
        shelf.when_ending(self.stop)

    def recover(self) -> None:
        """Mark the jobs of servers that were killed as interrupted."""
        for line in self._lines.values():
            line.recover()

    @property
    def live(self) -> int:
        """The number of jobs that wait or run."""
        return sum(line.live for line in self._lines.values())

    @property
    def watched(self) -> int:
        """The number of those who watch."""
        return len(self._watching)

    def submit(self, library: str, kind: str, request: Mapping[str, Any]) -> Job:
        """Start a job, or put it behind those that the library has.

        Raises:
            Overloaded: too many wait.
        """
        return self._lines[library].submit(kind, request)

    def all(self, libraries: Sequence[str]) -> list[tuple[str, Job]]:
        """List the jobs of libraries, the newest first."""
        found = [(name, job) for name in libraries for job in self._lines[name].all()]
        return sorted(found, key=lambda each: each[1].created, reverse=True)

    def get(self, job_id: str) -> tuple[str, Job]:
        """Return a job with the name of its library.

        Raises:
            Problem: 404; there is none of that id.
        """
        for name, line in self._lines.items():
            if (job := line.get(job_id)) is not None:
                return name, job
        raise Problem(
            404, "job_not_found", f"there is no job {job_id}; /api/jobs lists them", "job"
        )

    def cancel(self, job_id: str) -> tuple[str, Job]:
        """Ask a job to end.

        Raises:
            Problem: 404; there is none of that id. 409; another server runs it.
        """
        name, job = self.get(job_id)
        return name, self._lines[name].cancel(job)

    def resume(self, job_id: str) -> tuple[str, Job]:
        """Let a job go on that ended before it was done.

        Raises:
            Problem: 404; there is none of that id. 409; it runs, or is done.
            Overloaded: too many wait.
        """
        name, job = self.get(job_id)
        return name, self._lines[name].resume(job)

    # --- watching -----------------------------------------------------------------------

    @contextmanager
    def watching(self, job_id: str) -> Iterator[_Watch]:
        """Yield what tells that a job has changed.

        Raises:
            Overloaded: too many watch.
        """
        self.check_room()
        name, _ = self.get(job_id)
        watch = _Watch(job_id, self._lines[name])
        self._watching.add(watch)
        try:
            yield watch
        finally:
            self._watching.discard(watch)

    def check_room(self) -> None:
        """Refuse one more who watches, where too many do.

        Raises:
            Overloaded: too many watch.
        """
        if len(self._watching) >= _MOST_WATCHING:
            raise Overloaded

    async def ended(self, job_id: str, seconds: float) -> tuple[str, Job]:
        """Return a job as soon as it has ended, or as it is after so many seconds."""
        with self.watching(job_id) as watch, suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.stopping and self.get(job_id)[1].state not in ENDED:
                    await watch.change(seconds)
        return self.get(job_id)

    def _tell(self, job_id: str) -> None:
        for watch in [*self._watching]:
            if watch.job_id == job_id:
                watch.wake()

    # --- the end of the server ------------------------------------------------------------

    def stop(self) -> None:
        """Ask all jobs to end, and all who watch to go."""
        self.stopping = True
        for line in self._lines.values():
            line.stop()
        for watch in [*self._watching]:
            watch.wake()

    def close(self) -> None:
        """Wait until the jobs that run have ended."""
        self.stop()
        for line in self._lines.values():
            line.close(_PATIENCE)


class _Watch:
    """Somebody who waits in the event loop for news of a job, which come from a thread."""

    def __init__(self, job_id: str, line: JobLine) -> None:
        self.job_id, self._line = job_id, line
        self._loop, self._news = asyncio.get_running_loop(), asyncio.Event()

    def wake(self) -> None:
        """Tell of news; from any thread."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._news.set)

    async def change(self, seconds: float) -> None:
        """Wait for news, so many seconds at most."""
        live = self._line.is_live(self.job_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds if live else min(seconds, _ELSEWHERE)):
                await self._news.wait()
        self._news.clear()
