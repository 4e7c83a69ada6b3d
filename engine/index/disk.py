"""Where the snapshots of a library lie, and how a newer one takes the place of an older.

indexes/
  lock                       who refreshes or compacts
  <space>/<number>/
    level.json               what the snapshots are level with
    <modality>/              a snapshot each

A number is filled under another name and appears by one rename. The highest that opens
counts. Readers keep what they have mapped when an older one is removed.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import LibraryBusy, LibraryCorrupt, LibraryReadOnly
from engine.index.snapshot import IDS, MANIFEST, Snapshot
from engine.store import failpoints
from engine.store.faults import translated
from engine.store.lock import held
from engine.store.segments import sync_folder, without_specials
from engine.types import Modality, MomentIds, Space

FOLDER, LEVEL = "indexes", "level.json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Level:
    """What all snapshots of one folder have in common."""

    space: str
    revision: str
    dim: int
    watermark: int
    """The last segment of the log that they hold."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The snapshots of one space that are level with each other."""

    number: int
    level: Level
    snapshots: dict[Modality, Snapshot]


def folder_of(library: Path, space: str) -> Path:
    """Where a space's snapshots lie."""
    return library / FOLDER / without_specials(space)


def state(library: Path, space: str) -> tuple[int, int]:
    """What changes when a newer snapshot appears or all are dropped: the number of the
    newest and when it was made, zeros where there is none."""
    folder = folder_of(library, space)
    for number in reversed(_numbers(folder)):
        with suppress(FileNotFoundError):
            return number, (folder / str(number)).stat().st_mtime_ns
    return 0, 0


def newest(library: Path, space: Space, kind: type[Snapshot] = Snapshot) -> Shelf | None:
    """The newest snapshots of a space; None where there are none that serve.

    What is damaged, or made of other weights, is passed over with a warning: it is
    derived, and the log holds all of it.
    """
    for number in reversed(_numbers(folder_of(library, space.name))):
        try:
            return _opened(folder_of(library, space.name), number, space, kind)
        except LibraryCorrupt as damage:
            # It may have been replaced since it was listed, which is no damage.
            if (folder_of(library, space.name) / str(number)).exists():
                _log.warning("%s; it is passed over: sensorium rebuild", damage)
    return None


def opened(library: Path, space: Space) -> Shelf | None:
    """The snapshots with the highest number; None where there are none.

    Raises:
        LibraryCorrupt: they are damaged, or made of other weights.
    """
    folder = folder_of(library, space.name)
    numbers = _numbers(folder)
    return _opened(folder, numbers[-1], space, Snapshot) if numbers else None


def _numbers(folder: Path) -> list[int]:
    with suppress(FileNotFoundError):
        return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal())
    return []


def _opened(folder: Path, number: int, space: Space, kind: type[Snapshot]) -> Shelf:
    here = folder / str(number)
    try:
        level = Level(**json.loads((here / LEVEL).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise LibraryCorrupt(f"index {here} cannot be read: {error}") from error
    if (level.revision, level.dim) != (space.revision, space.dim):
        raise LibraryCorrupt(f"index {here} is of revision {level.revision}, not {space.revision}")
    found = {m: kind(here / m.value) for m in Modality if (here / m.value).is_dir()}
    return Shelf(number, level, found)


@contextmanager
def refreshing(library: Path, wait: bool = False) -> Iterator[None]:
    """Be the one that refreshes snapshots, or that drops what only they still hold.

    Raises:
        LibraryBusy: another process is at it, and ``wait`` was not asked.
        LibraryReadOnly: the folder does not take writes.
    """
    with translated(library):
        (library / FOLDER).mkdir(exist_ok=True)
        with held(library / FOLDER, wait):
            yield


@contextmanager
def replacing(library: Path, level: Level) -> Iterator[Path]:
    """An empty folder to fill; it counts when the ``with`` ends well, and older ones go.

    Only inside ``refreshing``.
    """
    folder = folder_of(library, level.space)
    folder.mkdir(parents=True, exist_ok=True)
    older = _numbers(folder)
    number = older[-1] + 1 if older else 1
    unfinished = folder / f"{number}.tmp"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        failpoints.hit("refresh.begun")
        yield unfinished
        (unfinished / LEVEL).write_text(json.dumps(asdict(level)) + "\n")
        _sync(unfinished)
        failpoints.hit("refresh.filled")
        unfinished.rename(folder / str(number))
        sync_folder(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    failpoints.hit("refresh.renamed")
    for gone in older:
        shutil.rmtree(folder / str(gone), ignore_errors=True)


def tidy(library: Path) -> None:
    """Remove what a refresh left behind that died, unless one is going on."""
    if not list(_left_behind(library)):
        return
    with suppress(LibraryBusy, LibraryReadOnly), refreshing(library):
        for stale in list(_left_behind(library)):
            shutil.rmtree(stale, ignore_errors=True)


def _left_behind(library: Path) -> Iterator[Path]:
    """Folders that were not finished, and those that a newer one has replaced."""
    with suppress(FileNotFoundError):
        for folder in filter(Path.is_dir, (library / FOLDER).iterdir()):
            yield from folder.glob("*.tmp")
            yield from (folder / str(number) for number in _numbers(folder)[:-1])


def _sync(folder: Path) -> None:
    """Make all that is in a folder last on disk."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
        else:
            sync_folder(file)
    sync_folder(folder)


def drop(library: Path) -> None:
    """Remove all snapshots. Only inside ``refreshing``."""
    for folder in (library / FOLDER).iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)


def holding(library: Path, ids: MomentIds) -> NDArray[np.bool_]:
    """Which of some moments (n,) any snapshot holds, (n,) bool."""
    held_ = np.zeros(len(ids), np.bool_)
    for file in (library / FOLDER).glob(f"*/*/*/{IDS}"):
        if file.stat().st_size and (file.parent / MANIFEST).exists():
            known = np.memmap(file, np.int64, "r")
            places = np.searchsorted(known, ids).clip(max=len(known) - 1)
            held_ |= known[places] == ids
    return held_
