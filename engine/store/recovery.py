"""Find what a crash left behind and what is not there, at open; nothing is ever thrown away.

A segment that is not in its folder may come back: a disk that is mounted late, a restore or
a sync that is not over. It stays registered until somebody gives it up. A file that no row
names may be all that is left of a commit, or a segment of another copy of the catalog: it
is moved to ``quarantine``, where no program looks for it and people can.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.common.atomic_write import sync_folder
from engine.common.text import printable
from engine.errors import LibraryUnavailable
from engine.store import segments
from engine.store.error_translation import unavailable
from engine.store.records import SegmentInfo

QUARANTINE = "quarantine"
"""The folder of a library that takes files which are damaged, or which no row names."""
_NAMED = 20
"""Files that one warning names before it only counts."""


@dataclass(frozen=True, slots=True)
class Damage:
    """The differences between the folder of segments and the catalog."""

    orphans: tuple[str, ...]
    """Files without a row: a commit that never happened, or is happening now."""
    lost: tuple[SegmentInfo, ...]
    """Rows whose file is missing, or of another size."""
    known: int = 0
    """Rows that there are."""

    def __bool__(self) -> bool:
        return bool(self.orphans or self.lost)


def find_damage(library: Path, known: Iterable[SegmentInfo]) -> Damage:
    """Compare names and sizes; contents are checked when they are read.

    Raises:
        LibraryUnavailable: the folder cannot be listed now.
    """
    sizes = _sizes(library / segments.FOLDER)
    rows = {info.file: info for info in known}
    lost = tuple(info for info in rows.values() if sizes.get(info.file) != info.bytes)
    orphans = sorted(name for name in sizes.keys() - rows.keys() if segments.is_ours(name))
    return Damage(tuple(orphans), lost, len(rows))


def _sizes(folder: Path) -> dict[str, int]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat(follow_symlinks=False).st_size for entry in entries}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise unavailable(folder, error) from error


def require_most(library: Path, lost: Sequence[SegmentInfo], known: int) -> None:
    """Refuse a library of which more than half is not there: it is not here yet, or elsewhere.

    Raises:
        LibraryUnavailable: so it is.
    """
    if 2 * len(lost) <= known:
        return
    reason = reason_of(library, lost[0])
    raise LibraryUnavailable(
        f"{library}: {len(lost)} of its {known} segments are not there"
        f" ({segments.FOLDER}/{lost[0].file} {reason}); nothing was changed. Wait until a mount,"
        " a restore or a sync is over; Library.forget_lost() gives them up"
    )


def tidy_orphans(library: Path, orphans: Iterable[str]) -> None:
    """Remove half-written files, and move whole ones that no row names to the quarantine.

    Only under the write lock.
    """
    names = list(orphans)
    remove(library, [name for name in names if segments.is_unfinished(name)])
    for name in names:
        if not segments.is_unfinished(name):
            quarantine(library, name)


def remove(library: Path, names: Sequence[str]) -> None:
    """Delete segments that this writer has merged, dropped or not committed."""
    folder = library / segments.FOLDER
    for name in names:
        (folder / name).unlink(missing_ok=True)
    if names:
        sync_folder(folder)


def quarantine(library: Path, name: str) -> None:
    """Move a segment's file to the quarantine, under a name that nothing there has."""
    source, folder = library / segments.FOLDER / name, library / QUARANTINE
    folder.mkdir(exist_ok=True)
    target, number = folder / name, 1
    while target.exists():
        target = folder / f"{name}.{number}"
        number += 1
    with suppress(FileNotFoundError):
        source.rename(target)
        sync_folder(folder)
        sync_folder(source.parent)


def quarantined(library: Path) -> list[str]:
    """List the names of what lies in the quarantine."""
    with suppress(FileNotFoundError):
        return sorted(file.name for file in (library / QUARANTINE).iterdir())
    return []


def warning(info: SegmentInfo, reason: str, paths: list[str]) -> str:
    """Word one line: which segment was given up, and which files go back to ``pending``."""
    if not paths:
        return f"segment {info.file} {reason}; nothing alive was in it"
    named = ", ".join(map(printable, paths[:_NAMED]))
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return f"segment {info.file} {reason}; index these files again, they are pending: {named}{more}"


def lost_warning(library: Path, info: SegmentInfo) -> str:
    """Word one line: a segment is not there, and what to do about it."""
    return (
        f"segment {info.file} {reason_of(library, info)}; it is left out, and nothing was changed."
        " Restore the file, or give it up: sensorium rebuild --forget-lost"
    )


def reason_of(library: Path, info: SegmentInfo) -> str:
    """Tell why a segment counts as lost."""
    exists = (library / segments.FOLDER / info.file).exists()
    return "has not the size that was committed" if exists else "is missing"
