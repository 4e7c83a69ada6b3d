"""Jobs: long calls that a server makes for its clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """The state of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """Its server ended, or was killed, before the job did. What it had committed is kept."""


ENDED = frozenset(JobState) - {JobState.QUEUED, JobState.RUNNING}
"""States in which nothing happens any more."""
RESUMABLE = ENDED - {JobState.DONE}
"""States from which a job can go on."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its request, its progress, and what came of it."""

    job_id: str
    kind: str
    """``index``, ``retry``, ``classify``, ``export``, or the name of a method of curation."""
    request: Mapping[str, Any]
    """Arguments, as JSON can hold them."""
    state: JobState = JobState.QUEUED
    created: str = ""
    """ISO 8601, UTC, as all times are."""
    started: str | None = None
    ended: str | None = None
    attempts: int = 0
    """Times that it was started: more than 1 where it was resumed."""
    task: str = ""
    """The task that it is at: ``scanning``, ``indexing``."""
    done: int = 0
    """Items of the task that are done, of ``total``, counted in ``unit``."""
    total: int | None = None
    unit: str = "files"
    moments: int = 0
    """New moments, in all tasks of this attempt."""
    files: Mapping[str, int] = field(default_factory=dict)
    """Counts of files by what became of them, over all attempts: ``added``, ``failed``."""
    message: str = ""
    """The last line that the job had to say."""
    failures: tuple[Mapping[str, str], ...] = ()
    """The first files that could not be used, each with ``path`` and ``reason``."""
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    """``code``, ``message`` and ``retryable`` of what ended it, where it failed."""
    owner: str = ""
    """The name of the file that its process holds."""


def now() -> str:
    """Return the time, as records have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
