"""Places in a commit where a test makes the process die or the disk fail.

Production code calls ``hit("name")``; unarmed, that is one test of an empty dict.
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

_armed: dict[str, str] = dict(
    point.split("=", 1) for point in os.environ.get("SENSORIUM_FAILPOINTS", "").split(",") if point
)

COMMIT = (
    "commit.begun",
    "segment.writing",
    "segment.written",
    "segment.renamed",
    "commit.rows",
    "commit.done",
)
"""Every point, in the order in which a commit passes them."""
COMPACTION = (*COMMIT[1:], "compact.unlinking", "compact.tombstones")
"""Every point, in the order in which a compaction passes them."""
DROPPING = ("drop.begun", "commit.rows", "commit.done", "drop.unlinking")
"""Every point, in the order in which dropping a space passes them."""
REFRESH = ("refresh.begun", "refresh.filled", "refresh.renamed")
"""Every point, in the order in which a refresh of an index passes them."""
APPLYING = ("apply.intended", "apply.placed", "apply.moved")
"""Every point, in the order in which moving files passes them, commits aside."""

REALIGNMENT = (
    "realign.begun",
    "segment.writing",
    "segment.written",
    "segment.renamed",
    "realign.moved",
    "realign.head",
    "commit.rows",
    "commit.done",
)
"""Every point, in the order in which a change of the head of sounds passes them."""


class Injected(Exception):
    """Raised by a failpoint, so that a test can tell it from a real error."""


def hit(name: str) -> None:
    """Do what the point is armed with; nothing, as a rule."""
    if _armed and name in _armed:
        _act(name, _armed[name])


def _act(name: str, action: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action in ("enospc", "eio"):
        code = getattr(errno, action.upper())
        raise OSError(code, os.strerror(code))
    raise Injected(name)


@contextmanager
def armed(name: str, action: str = "raise") -> Iterator[None]:
    """Arm one point of this process for the length of a ``with``."""
    if name not in COMMIT + COMPACTION + DROPPING + REFRESH + REALIGNMENT + APPLYING:
        raise ValueError(f"no failpoint is called {name!r}")
    _armed[name] = action
    try:
        yield
    finally:
        del _armed[name]
