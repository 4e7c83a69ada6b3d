"""Places in a commit where a test makes the process die or the disk fail.

Production code calls ``hit(FailPoint.NAME)``; unarmed, that is one test of an empty dict.
A test arms a point in its own process with ``armed``, or in a child through
``SENSORIUM_FAILPOINTS=name=action,...``. Actions: ``kill`` (SIGKILL), ``raise``
(``Injected``), and ``enospc`` or ``eio`` (the ``OSError`` that a disk gives).
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum


class FailPoint(StrEnum):
    """A step at which a crash must leave a library whole."""

    COMMIT_BEGUN = "commit.begun"
    SEGMENT_WRITING = "segment.writing"
    SEGMENT_WRITTEN = "segment.written"
    SEGMENT_RENAMED = "segment.renamed"
    COMMIT_ROWS = "commit.rows"
    COMMIT_DONE = "commit.done"
    COMPACT_UNLINKING = "compact.unlinking"
    COMPACT_TOMBSTONES = "compact.tombstones"
    DROP_BEGUN = "drop.begun"
    DROP_UNLINKING = "drop.unlinking"
    REFRESH_BEGUN = "refresh.begun"
    REFRESH_FILLED = "refresh.filled"
    REFRESH_RENAMED = "refresh.renamed"
    APPLY_INTENDED = "apply.intended"
    APPLY_PLACED = "apply.placed"
    APPLY_MOVED = "apply.moved"
    CREATE_BEGUN = "create.begun"
    CREATE_DRAFTED = "create.drafted"
    CREATE_FILLED = "create.filled"
    CREATE_RENAMED = "create.renamed"
    REALIGN_BEGUN = "realign.begun"
    REALIGN_MOVED = "realign.moved"
    REALIGN_HEAD = "realign.head"


COMMIT = (
    FailPoint.COMMIT_BEGUN,
    FailPoint.SEGMENT_WRITING,
    FailPoint.SEGMENT_WRITTEN,
    FailPoint.SEGMENT_RENAMED,
    FailPoint.COMMIT_ROWS,
    FailPoint.COMMIT_DONE,
)
"""Every point, in the order in which a commit passes them."""
COMPACTION = (*COMMIT[1:], FailPoint.COMPACT_UNLINKING, FailPoint.COMPACT_TOMBSTONES)
"""Every point, in the order in which a compaction passes them."""
DROPPING = (
    FailPoint.DROP_BEGUN,
    FailPoint.COMMIT_ROWS,
    FailPoint.COMMIT_DONE,
    FailPoint.DROP_UNLINKING,
)
"""Every point, in the order in which dropping a space passes them."""
REFRESH = (FailPoint.REFRESH_BEGUN, FailPoint.REFRESH_FILLED, FailPoint.REFRESH_RENAMED)
"""Every point, in the order in which a refresh of an index passes them."""
APPLYING = (FailPoint.APPLY_INTENDED, FailPoint.APPLY_PLACED, FailPoint.APPLY_MOVED)
"""Every point, in the order in which moving files passes them, commits aside."""
CREATION = (
    FailPoint.CREATE_BEGUN,
    FailPoint.CREATE_DRAFTED,
    FailPoint.CREATE_FILLED,
    FailPoint.CREATE_RENAMED,
)
"""Every point, in the order in which making a library passes them."""
REALIGNMENT = (
    FailPoint.REALIGN_BEGUN,
    FailPoint.SEGMENT_WRITING,
    FailPoint.SEGMENT_WRITTEN,
    FailPoint.SEGMENT_RENAMED,
    FailPoint.REALIGN_MOVED,
    FailPoint.REALIGN_HEAD,
    FailPoint.COMMIT_ROWS,
    FailPoint.COMMIT_DONE,
)
"""Every point, in the order in which a change of the head of sounds passes them."""


def _from_environment(setting: str) -> dict[FailPoint, str]:
    named = (point.split("=", 1) for point in setting.split(",") if point)
    return {FailPoint(name): action for name, action in named}


_armed = _from_environment(os.environ.get("SENSORIUM_FAILPOINTS", ""))


class Injected(Exception):
    """Raised by a failpoint, so that a test can tell it from a real error."""


def hit(point: FailPoint) -> None:
    """Do what the point is armed with; nothing, as a rule."""
    if _armed and point in _armed:
        _act(point, _armed[point])


def _act(point: FailPoint, action: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action in ("enospc", "eio"):
        code = getattr(errno, action.upper())
        raise OSError(code, os.strerror(code))
    raise Injected(point)


@contextmanager
def armed(point: FailPoint, action: str = "raise") -> Iterator[None]:
    """Arm one point of this process for the length of a ``with``."""
    _armed[point] = action
    try:
        yield
    finally:
        del _armed[point]
