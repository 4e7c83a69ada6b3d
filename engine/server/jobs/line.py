"""The jobs of one library, which run one after another in a thread beside the requests."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.common.memory import give_back_memory
from engine.common.progress import CancelToken, cancelling_waits
from engine.errors import UNEXPECTED, Cancelled, SensoriumError, StoreError
from engine.library.facade import Library
from engine.server.load.admission import Overloaded
from engine.server.problems import Problem
from engine.types.jobs import ENDED, RESUMABLE, Job, JobState, now

if TYPE_CHECKING:
    from engine.store.job_records import JobOwner

_MOST_WAITING = 32
"""Jobs of a library that wait for the ones before them."""
_REPEATED = frozenset({"index", "retry"})
"""Kinds of jobs of which one that waits does for all who ask for it, such as cron each minute."""
_MOST_FAILURES = 100
"""Files that could not be used of which a record has the reason; all of them are counted."""
_NOTED = 2.0
"""Seconds between two writings of how far a job is."""
_SHOWN = 0.1
"""Seconds between two reports of that to those who watch."""
_log = logging.getLogger(__name__)


class JobRun:
    """One run of a job: its request, and the ``Progress`` that its call reports to."""

    def __init__(self, job: Job, folder: Path, on_change: Callable[[Job], None]) -> None:
        self.job, self.cancel = job, CancelToken()
        self.request = job.request
        self.folder = folder
        """The folder for files that come of it, each with the id of the job in its name."""
        self._on_change = on_change
        self._files = Counter(job.files)
        self._failures = [*job.failures]
        self._shown = 0.0

    # --- Progress ---------------------------------------------------------------------

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        goes_on = task == self.job.task and total is not None and self.job.total is not None
        done = self.job.done if goes_on else 0
        whole = (self.job.total or 0) + (total or 0) if goes_on else total
        self._change(task=task, total=whole, unit=unit, done=done)

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        job = self.job
        self.job = replace(job, done=job.done + items, moments=job.moments + moments)
        if time.monotonic() - self._shown >= _SHOWN:
            self._change()

    def message(self, text: str) -> None:
        self._change(message=text)

    def on_file(self, path: str, outcome: str) -> None:
        """Count a file by what became of it."""
        word, _, reason = outcome.partition(": ")
        self._files[word.split()[0]] += 1
        if word == "failed" and len(self._failures) < _MOST_FAILURES:
            self._failures.append({"path": path, "reason": reason})

    def _change(self, **changes: Any) -> None:
        self._shown = time.monotonic()
        files, failures = dict(self._files), tuple(self._failures)
        self.job = replace(self.job, files=files, failures=failures, **changes)
        self._on_change(self.job)

    def ended(self, state: JobState, **changes: Any) -> Job:
        """Return the job as it has ended."""
        self._change(state=state, ended=now(), **changes)
        return self.job


Calls = Mapping[str, Callable[[Library, JobRun], Mapping[str, Any]]]
"""The call of each kind of job; it returns the result, as JSON can hold it."""


class JobLine:
    """The jobs of one library: those that wait, the one that runs, and records of all.

    Its methods may be called from any thread.
    """

    def __init__(self, library: Library, calls: Calls, on_change: Callable[[str], None]) -> None:
        self._library, self._calls, self._on_change = library, calls, on_change
        self._records = library.jobs
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._run: JobRun | None = None
        self._live: dict[str, Job] = {}
        """Jobs that wait or run here, and those whose end could not be written."""
        self._owner: JobOwner | None = None
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._noted = 0.0

    def recover(self) -> None:
        """Mark the jobs of servers that were killed as interrupted."""
        # A folder that takes no writes has no jobs; those of it read as interrupted anyhow.
        with suppress(StoreError):
            for job in self._records.interrupt_abandoned():
                _log.warning("job %s (%s) was interrupted; it can be resumed", job.job_id, job.kind)

    def all(self) -> list[Job]:
        """List the jobs, the newest first."""
        return [self._live.get(job.job_id, job) for job in self._records.all()]

    def get(self, job_id: str) -> Job | None:
        """Return a job; None where the library has none of that id."""
        return self._live.get(job_id) or self._records.get(job_id)

    @property
    def live(self) -> int:
        """The number of jobs that wait or run in this process."""
        return len(self._live)

    def is_live(self, job_id: str) -> bool:
        """Tell whether a job waits or runs in this process."""
        return job_id in self._live

    def submit(self, kind: str, request: Mapping[str, Any]) -> Job:
        """Put a new job at the end of the line.

        A job of indexing that waits already, with the same request, is all that is needed.

        Raises:
            Overloaded: too many wait.
            LibraryReadOnly: the folder does not take writes.
        """
        with self._changed:
            for waiting in self._waiting if kind in _REPEATED else ():
                if (waiting.kind, waiting.request) == (kind, request):
                    return waiting
            owner = self._check_room()
            return self._append(self._records.create(kind, request, owner))

    def resume(self, job: Job) -> Job:
        """Put a job that ended before it was done at the end of the line.

        Raises:
            Problem: 409; it runs, or is done.
            Overloaded: too many wait.
        """
        with self._changed:
            owner = self._check_room()
            job = self.get(job.job_id) or job
            if job.state not in RESUMABLE:
                message = f"a job that is {job.state} cannot be resumed"
                raise Problem(409, "job_not_resumable", message, "job")
            job = replace(job, state=JobState.QUEUED, ended=None, error=None, owner=owner)
            self._records.write(job)
            return self._append(job)

    def cancel(self, job: Job) -> Job:
        """Ask a job to end; what it has committed is kept.

        Raises:
            Problem: 409; another server runs it.
        """
        with self._changed:
            job = self.get(job.job_id) or job
            if job.state in ENDED:
                return job
            if self._run is not None and self._run.job.job_id == job.job_id:
                self._run.cancel.cancel()
                return replace(job, message="it ends after the file that it is at")
            if job not in self._waiting:
                message = "another server of this library runs the job, and can cancel it"
                raise Problem(409, "job_elsewhere", message, "job")
            self._waiting.remove(job)
            return self._end(replace(job, state=JobState.CANCELLED, ended=now()))

    def stop(self) -> None:
        """Ask the job that runs to end, and leave those that wait: all can be resumed."""
        with self._changed:
            self._stopping = True
            while self._waiting:
                job = self._waiting.popleft()
                self._end(replace(job, state=JobState.INTERRUPTED, ended=now()))
            if self._run is not None:
                self._run.cancel.cancel()
            self._changed.notify_all()

    def close(self, seconds: float) -> None:
        """Wait until the job that runs has ended, so many seconds at most."""
        self.stop()
        if self._thread is not None:
            self._thread.join(seconds)
            if self._thread.is_alive():
                _log.warning("a job did not end in %g s; its process ends without it", seconds)
                return
        if self._owner is not None:
            self._owner.close()
            self._owner = None

    # --- under the lock -----------------------------------------------------------------

    def _check_room(self) -> str:
        """Return the name of this process among those that run jobs, where one more may wait."""
        if self._stopping or len(self._waiting) >= _MOST_WAITING:
            raise Overloaded
        if self._owner is None:
            self._owner = self._records.hold()
        return self._owner.name

    def _append(self, job: Job) -> Job:
        self._live[job.job_id] = job
        self._waiting.append(job)
        if self._thread is None:
            # A daemon: a call that does not end must not keep the process from ending.
            self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
            self._thread.start()
        self._changed.notify_all()
        return job

    def _end(self, job: Job) -> Job:
        self._live[job.job_id] = job
        try:
            self._records.write(job)
        except StoreError as error:
            # It is kept in memory, where those who ask find it until the server ends.
            _log.warning("the record of job %s cannot be written: %s", job.job_id, error)
        else:
            del self._live[job.job_id]
        self._on_change(job.job_id)
        return job

    # --- the thread ---------------------------------------------------------------------

    def _work(self) -> None:
        while (run := self._next()) is not None:
            job = self._ran(run)
            with self._changed:
                self._run = None
                self._end(job)
            give_back_memory()  # What a job takes is many times what a request does.

    def _next(self) -> JobRun | None:
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            if self._stopping:
                return None
            job = replace(
                self._waiting[0], state=JobState.RUNNING, started=now(), moments=0, message="",
                attempts=self._waiting[0].attempts + 1, task="", done=0, total=None, result=None,
            )  # fmt: skip
            self._waiting.popleft()
            self._run = JobRun(job, self._records.folder, self._note)
            self._noted = 0.0
            self._note(job)
            return self._run

    def _ran(self, run: JobRun) -> Job:
        """Make the call of a job, and return the job as it has ended."""
        try:
            with cancelling_waits(run.cancel), self._library.guarded_indexes():
                result = self._calls[run.job.kind](self._library, run)
        except Cancelled:
            state = JobState.INTERRUPTED if self._stopping else JobState.CANCELLED
            return run.ended(state)
        except SensoriumError as error:
            message, retryable = str(error), error.retryable
            problem = {"code": error.code, "message": message, "retryable": retryable}
            return run.ended(JobState.FAILED, error=problem)
        except Exception:
            _log.exception("job %s (%s) failed", run.job.job_id, run.job.kind)
            message = "an error of the server; its log has more"
            problem = {"code": UNEXPECTED, "message": message, "retryable": False}
            return run.ended(JobState.FAILED, error=problem)
        return run.ended(JobState.DONE, result=result)

    def _note(self, job: Job) -> None:
        """Keep how far the job is that runs, and tell those who watch."""
        if job.state in ENDED:
            return  # ``_end`` does, when all else is done
        self._live[job.job_id] = job
        if time.monotonic() - self._noted >= _NOTED:
            self._noted = time.monotonic()
            with suppress(StoreError):  # a note that a full disk refuses is missed by nobody
                self._records.write(job)
        self._on_change(job.job_id)
