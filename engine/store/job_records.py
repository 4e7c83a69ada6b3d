"""Records of jobs: long calls that a server makes for its clients, and what became of them.

A record is a file of JSON in the folder ``jobs`` of a library, written whole or not at all. It
is no row of the catalog, since it is written while the job holds the lock of the one writer,
and has to be there before the job gets it.

A process that runs jobs holds a file there, locked by the kernel for as long as it lives. So a
job whose process was killed is known for what it is, by whoever reads its record.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

from engine.common.atomic_write import whole
from engine.store.error_translation import translated
from engine.types.jobs import ENDED, Job, JobState, now

FOLDER = "jobs"
_KEPT = 200
"""Records of jobs that have ended that are kept; older ones go."""
_ID = re.compile(r"[0-9a-f]{16}")


class JobRecords:
    """The records of jobs in a library's folder."""

    def __init__(self, library: Path) -> None:
        self._library, self.folder = library, library / FOLDER

    def all(self) -> list[Job]:
        """List the jobs, the newest first; one whose process is gone is ``interrupted``."""
        try:
            names = os.listdir(self.folder)  # noqa: PTH208
        except OSError:
            return []
        ids = [name.removesuffix(".json") for name in names if name.endswith(".json")]
        found = [job for job_id in ids if (job := self.get(job_id)) is not None]
        return sorted(found, key=lambda job: (job.created, job.job_id), reverse=True)

    def get(self, job_id: str) -> Job | None:
        """Return a job by its id; None where there is none."""
        if not _ID.fullmatch(job_id):
            return None
        try:
            document = json.loads((self.folder / f"{job_id}.json").read_text("utf-8"))
            known = {spec.name for spec in fields(Job)}
            job = Job(**{name: value for name, value in document.items() if name in known})
            job = replace(job, state=JobState(job.state), failures=tuple(job.failures))
        except (OSError, ValueError, TypeError, AttributeError):
            return None
        if job.state in ENDED or self._is_held(job.owner):
            return job
        return replace(job, state=JobState.INTERRUPTED)

    def create(self, kind: str, request: Mapping[str, Any], owner: str) -> Job:
        """Write the record of a new job, which waits to be started.

        Raises:
            LibraryReadOnly: the folder does not take writes.
        """
        self._forget_old()
        job = Job(token_hex(8), kind, request, created=now(), owner=owner)
        self.write(job)
        return job

    def write(self, job: Job) -> None:
        """Write a record in the place of the one before it.

        Raises:
            LibraryReadOnly: the folder does not take writes.
        """
        with translated(self._library):
            self.folder.mkdir(exist_ok=True)
            with whole(self.folder / f"{job.job_id}.json") as unfinished:
                unfinished.write_text(json.dumps(asdict(job)), "utf-8")

    def interrupt_abandoned(self) -> list[Job]:
        """Mark the jobs of processes that are gone as interrupted, and return those."""
        interrupted = []
        for job in self.all():
            if job.state is JobState.INTERRUPTED and job.ended is None:
                ended = replace(job, ended=now())
                self.write(ended)
                interrupted.append(ended)
        with suppress(OSError):
            self._tidy()
        return interrupted

    def _tidy(self) -> None:
        """Remove what processes left that were killed."""
        owners = [*self.folder.glob("*.alive")]
        gone = [file for file in owners if not self._is_held(file.stem)]
        for file in gone:
            file.unlink(missing_ok=True)
        for path in self.folder.iterdir() if len(gone) == len(owners) else ():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name.startswith("."):
                path.unlink(missing_ok=True)

    def _forget_old(self) -> None:
        for job in [job for job in self.all() if job.state in ENDED][_KEPT:]:
            for file in self.folder.glob(f"{job.job_id}.*"):
                with suppress(OSError):
                    file.unlink()

    # --- the process that runs jobs -------------------------------------------------

    def hold(self) -> JobOwner:
        """Return what says for as long as it is open that this process runs jobs.

        Raises:
            LibraryReadOnly: the folder does not take writes.
        """
        with translated(self._library):
            self.folder.mkdir(exist_ok=True)
            return JobOwner(self.folder)

    def _is_held(self, owner: str) -> bool:
        """Tell whether a process lives that took this name."""
        import fcntl

        if not _ID.fullmatch(owner):
            return False
        try:
            descriptor = os.open(self.folder / f"{owner}.alive", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False


class JobOwner:
    """A file that is locked for as long as the process lives that runs jobs."""

    def __init__(self, folder: Path) -> None:
        import fcntl

        self.name = token_hex(8)
        self._file = folder / f"{self.name}.alive"
        # It gets its name when it is locked, or another process would tidy it away.
        unnamed = folder / f".{self.name}.new"
        self._descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        unnamed.rename(self._file)

    def close(self) -> None:
        """Let others know that this process runs jobs no more."""
        with suppress(OSError):
            self._file.unlink()
        os.close(self._descriptor)
