"""One file on its way through a run of ``index``, and the events that it is read into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from engine.types import Asset, Failure
from indexers.decode_events import Note, Prepared
from indexers.duplicates import Copied
from indexers.fault_messages import MediaFault
from indexers.identify import NotMedia, Touched, Unknown
from indexers.moves import Moved
from indexers.scan import Candidate
from indexers.texts import Reworded
from indexers.vanished import Returned
from indexers.worker import Assembly


@dataclass(eq=False, slots=True)
class FileJob(Assembly):
    """One candidate on its way through the run."""

    candidate: Candidate = field(kw_only=True)
    notes: list[MediaFault] = field(default_factory=list)
    content_hash: str | None = None
    """The hash of its content, once it is identified as something to decode."""

    def failure(self, fault: MediaFault) -> Failure:
        """Make the failure of this file."""
        stat = self.candidate.stat
        return fault.failure(stat.path, stat.size, stat.mtime_ns)


@dataclass(frozen=True, slots=True)
class ReadFailed:
    """Reading the file raised."""

    fault: MediaFault


FileEvent: TypeAlias = (
    Prepared | Note | Asset | ReadFailed | Reworded
    | NotMedia | Touched | Moved | Returned | Unknown | Copied
)  # fmt: skip
