"""The state of an index that runs, for the searches of other processes.

The file is locked by the kernel for as long as the run lives, so what a run that was killed
left behind is no news of anybody. A search asks for the lock without waiting, and gives it
back at once.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from engine.common.progress import Progress

FILE = "running"
_SECONDS = 0.5
"""Seconds between two notes of how far a run is."""
_TRIES = 3
"""Times that a run asks for the file, which a search has for some microseconds."""


@dataclass(frozen=True, slots=True)
class RunningIndex:
    """The state of an index that runs now."""

    task: str
    done: int
    total: int | None
    unit: str

    def __str__(self) -> str:
        of_total = f"{self.done:,}" if self.total is None else f"{self.done:,} of {self.total:,}"
        if self.task == "indexing":
            far = f"{of_total} {self.unit} so far; what is not in yet cannot be found"
        elif self.task == "scanning":
            far = f"{of_total} {self.unit} seen so far; what is not in yet cannot be found"
        elif self.task == "reading text":
            far = f"the text in {of_total} {self.unit} is read so far; other text cannot be found"
        else:
            far = f"{self.task}, {of_total} {self.unit} so far; what is not in yet cannot be found"
        return f"an index is running: {far}"


class _Announced:
    """Pass reports on to another ``Progress``, and note how far the run is."""

    def __init__(self, progress: Progress, descriptor: int) -> None:
        self._progress, self._descriptor = progress, descriptor
        self._task, self._unit = "scanning", "files"
        self._done = 0
        self._total: int | None = None
        self._noted = 0.0

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        if task == self._task and total is not None and self._total is not None:
            self._total += total  # the same task goes on
        else:
            self._task, self._unit, self._done, self._total = task, unit, 0, total
        self._note()
        self._progress.start(task, total, unit)

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        self._done += items
        if time.monotonic() - self._noted >= _SECONDS:
            self._note()
        self._progress.advance(items, moments=moments)

    def message(self, text: str) -> None:
        self._progress.message(text)

    def _note(self) -> None:
        self._noted = time.monotonic()
        document = {
            "task": self._task, "done": self._done, "total": self._total, "unit": self._unit,
        }  # fmt: skip
        # A note that a full disk refuses is missed by nobody.
        with suppress(OSError):
            line = json.dumps(document).encode()
            os.pwrite(self._descriptor, line.ljust(os.fstat(self._descriptor).st_size), 0)


@contextmanager
def announced(library: Path, progress: Progress) -> Iterator[Progress]:
    """Yield a ``Progress`` that notes how far a run is, until the block ends.

    Where another run has the file, or the folder takes no writes, nothing is noted.
    """
    descriptor = _taken(library)
    if descriptor is None:
        yield progress
        return
    try:
        yield _Announced(progress, descriptor)
    finally:
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
        os.close(descriptor)


def _taken(library: Path) -> int | None:
    """Return the file of notes, locked; None where that cannot be had."""
    import fcntl

    try:
        descriptor = os.open(library / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError:
        return None
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.001)
        else:
            return descriptor
    os.close(descriptor)
    return None


def running_index(library: Path) -> RunningIndex | None:
    """Return how far the index is that runs in a library now; None where none does."""
    import fcntl

    try:
        descriptor = os.open(library / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if os.fstat(descriptor).st_size == 0:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return RunningIndex(**json.loads(os.pread(descriptor, 1024, 0)))
        return None  # a run that was killed left it behind
    except (OSError, ValueError, TypeError):
        return None
    finally:
        os.close(descriptor)
