"""One file: what it is, and whether its content is known already.

Runs in the threads that decode. A hash is only ever kept with the ``stat`` that
the file had both before and after it was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from engine.media.sniff import skipped_type, sniff
from engine.media.unread import OTHER
from engine.types import Asset, FileStat, MediaType
from indexers.decode_events import Facts
from indexers.file_hash import hash_file
from indexers.moves import Moved, Moves
from indexers.scan import Candidate
from indexers.texts import Reworded
from indexers.vanished import MissingFiles, Returned


@dataclass(frozen=True, slots=True)
class NotMedia:
    """Nothing that Sensorium indexes."""

    type: str = OTHER
    """``pdf``, ``svg``, ``jxl``; ``other`` where it is of no type that is known."""


@dataclass(frozen=True, slots=True)
class Touched:
    """The content that the catalog holds at this path, under another date."""

    stat: FileStat
    reworded: Reworded | None = None
    """Its texts as they are now; None where they are as they were."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """New content, to be decoded."""

    stat: FileStat
    media: MediaType
    content_hash: str


Identity: TypeAlias = NotMedia | Touched | Moved | Returned | Unknown


def identify(candidate: Candidate, moves: Moves, missing: MissingFiles) -> Identity:
    """Read a file once and say what is to be done with it.

    Raises:
        MediaError: it cannot be read, changes while it is read, or only claims to
            be media.
    """
    path = Path(candidate.stat.path)
    media = sniff(path)
    if media is None:
        return NotMedia(skipped_type(path))
    info, content_hash = hash_file(path)
    known = candidate.known
    if known is not None and known.content_hash == content_hash and not candidate.forced:
        return Touched(info)
    source = moves.claim(info, content_hash)
    if source is not None:
        return Moved(info, source)
    if not candidate.forced and (back := missing.claim(info, content_hash)) is not None:
        return back
    return Unknown(info, media, content_hash)


def asset_of(found: Unknown, facts: Facts) -> Asset:
    """Make the asset of a file that was decoded."""
    stat = found.stat
    return Asset(
        path=stat.path,
        content_hash=found.content_hash,
        media=found.media,
        size=stat.size,
        mtime_ns=stat.mtime_ns,
        width=facts.width,
        height=facts.height,
        duration=facts.duration,
        taken_at=facts.taken_at,
        place=facts.place,
        caption=facts.caption,
    )
