"""One writer at a time, and its name for whoever comes second.

The lock is the kernel's (flock), so that it ends with its owner however that died.
What the file says is for people only: a stale line after a crash does no harm.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from engine.common.progress import waits_token
from engine.errors import LibraryBusy
from engine.store.error_translation import translated

NAME = "lock"
_ASKED = 0.05
"""Seconds between two tries of a call that can be cancelled to get the lock."""


@contextmanager
def locked(library: Path, wait: bool = False) -> Iterator[None]:
    """Hold the write lock of a library.

    Raises:
        LibraryBusy: another writer holds it, and ``wait`` was not asked.
        Cancelled: the call that waits was cancelled.
        LibraryReadOnly: the folder does not take writes.
    """
    with translated(library):
        descriptor = os.open(library / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _take(descriptor, library, wait)
        with translated(library):
            _sign(descriptor)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, library: Path, wait: bool) -> None:
    import fcntl

    # Whoever waits in the kernel cannot be cancelled, so a call that can be asks again and again.
    token = waits_token() if wait else None
    while token is not None:
        with suppress(BlockingIOError):
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        token.wait(_ASKED)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError as error:
        owner = _owner(descriptor)
        raise LibraryBusy(
            f"{library} is being written by {owner}; wait=True waits for it", arguments=("wait",)
        ) from error


def _sign(descriptor: int) -> None:
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    line = json.dumps({"pid": os.getpid(), "host": os.uname().nodename, "since": since})
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, line.encode(), 0)


def _owner(descriptor: int) -> str:
    try:
        owner = json.loads(os.pread(descriptor, 1024, 0))
        return f"process {owner['pid']} on {owner['host']} since {owner['since']}"
    except (ValueError, KeyError, TypeError):
        # Taken, and not signed yet.
        return "another process"
