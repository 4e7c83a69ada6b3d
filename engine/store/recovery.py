"""Find what a crash or a lost file left behind, at open; it is mended under the lock."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.common.atomic_write import sync_folder
from engine.common.text import printable
from engine.store import segments
from engine.store.error_translation import translated
from engine.store.records import SegmentInfo

_NAMED = 20
"""Files that one warning names before it only counts."""


@dataclass(frozen=True, slots=True)
class Damage:
    """The differences between the folder of segments and the catalog."""

    orphans: tuple[str, ...]
    """Files without a row: a commit that never happened, or is happening now."""
    lost: tuple[SegmentInfo, ...]
    """Rows whose file is missing, or of another size."""

    def __bool__(self) -> bool:
        return bool(self.orphans or self.lost)


def find_damage(library: Path, known: Iterable[SegmentInfo]) -> Damage:
    """Compare names and sizes; contents are checked when they are read."""
    with translated(library):
        sizes = _sizes(library / segments.FOLDER)
    rows = {info.file: info for info in known}
    lost = tuple(info for info in rows.values() if sizes.get(info.file) != info.bytes)
    orphans = sorted(name for name in sizes.keys() - rows.keys() if segments.is_ours(name))
    return Damage(tuple(orphans), lost)


def _sizes(folder: Path) -> dict[str, int]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat(follow_symlinks=False).st_size for entry in entries}
    except FileNotFoundError:
        return {}


def remove_orphans(library: Path, orphans: Iterable[str]) -> None:
    """Delete files that no row names. Only under the write lock."""
    folder = library / segments.FOLDER
    names = list(orphans)
    for name in names:
        (folder / name).unlink(missing_ok=True)
    if names:
        sync_folder(folder)


def warning(info: SegmentInfo, reason: str, paths: list[str]) -> str:
    """Word one line: which segment was lost, and which files go back to ``pending``."""
    if not paths:
        return f"segment {info.file} {reason}; nothing alive was in it"
    named = ", ".join(map(printable, paths[:_NAMED]))
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return f"segment {info.file} {reason}; index these files again, they are pending: {named}{more}"


def reason_of(library: Path, info: SegmentInfo) -> str:
    """Tell why a segment counts as lost."""
    exists = (library / segments.FOLDER / info.file).exists()
    return "has not the size that was committed" if exists else "is missing"
