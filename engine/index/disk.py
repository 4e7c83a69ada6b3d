"""Keep the snapshots of a library in folders, and replace older ones by newer ones.

indexes/
  lock                       who refreshes or compacts
  <space>/<number>/
    level.json               what the snapshots are level with
    <modality>/              a snapshot each

A number is filled under another name and appears by one rename. The highest that opens
counts. Readers keep what they have mapped when an older one is removed.
"""

from __future__ import annotations

import errno
import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.common.atomic_write import sync_folder, sync_tree
from engine.common.id_sets import among
from engine.errors import LibraryBusy, LibraryCorrupt, LibraryReadOnly, LibraryUnavailable
from engine.index.snapshot import IDS, MANIFEST, Manifest, Snapshot
from engine.store import failpoints
from engine.store.error_translation import translated, unavailable
from engine.store.failpoints import FailPoint
from engine.store.lock import locked
from engine.store.segments import without_specials
from engine.types import Modality, Space
from engine.types.arrays import MomentIds

FOLDER, LEVEL = "indexes", "level.json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SnapshotLevel:
    """The facts that all snapshots of one folder have in common."""

    space: str
    revision: str
    dim: int
    watermark: int
    """The last segment of the log that they hold."""


@dataclass(frozen=True, slots=True)
class SnapshotSet:
    """The snapshots of one space that are level with each other."""

    number: int
    level: SnapshotLevel
    snapshots: dict[Modality, Snapshot]


def folder_of(library: Path, space: str) -> Path:
    """Return the folder of a space's snapshots; names that no file system takes stay apart."""
    name = without_specials(space)
    if name != space:
        name += f"-{blake2b(space.encode(), digest_size=4).hexdigest()}"
    return library / FOLDER / name


def state(library: Path, space: str) -> tuple[int, int]:
    """Return the number of the newest snapshot and when it was made; zeros where there is none.

    It changes when a newer snapshot appears or all are dropped.
    """
    folder = folder_of(library, space)
    for number in reversed(_numbers(folder)):
        with suppress(FileNotFoundError):
            return number, (folder / str(number)).stat().st_mtime_ns
    return 0, 0


def newest(
    library: Path, space: Space, kind: type[Snapshot] = Snapshot, *, strict: bool = False
) -> SnapshotSet | None:
    """Return the newest snapshots of a space; None where there are none that serve.

    What is damaged, or made of other weights, is passed over with a warning: it is
    derived, and the log holds all of it.

    Args:
        strict: raise where one cannot be read now, instead of passing it over: whoever makes
            a newer one removes those before.

    Raises:
        LibraryUnavailable: as ``strict`` says.
    """
    for number in reversed(_numbers(folder_of(library, space.name))):
        try:
            return _opened(folder_of(library, space.name), number, space, kind)
        except LibraryCorrupt as damage:
            # It may have been replaced since it was listed, which is no damage.
            if (folder_of(library, space.name) / str(number)).exists():
                _log.warning("%s; it is passed over: sensorium rebuild", damage)
        except LibraryUnavailable as error:
            if strict:
                raise
            _log.warning("%s; it is passed over", error)
    return None


def opened(library: Path, space: Space) -> SnapshotSet | None:
    """Return the snapshots with the highest number; None where there are none.

    Raises:
        LibraryCorrupt: they are damaged, or made of other weights.
    """
    folder = folder_of(library, space.name)
    numbers = _numbers(folder)
    return _opened(folder, numbers[-1], space, Snapshot) if numbers else None


def snapshots(library: Path, spaces: Mapping[str, Space]) -> list[tuple[str, Modality, Manifest]]:
    """List the indexes on disk: of what space and modality, and how they were tuned."""
    shelves = [(name, newest(library, space)) for name, space in spaces.items()]
    return [
        (name, modality, snapshot.about)
        for name, shelf in shelves
        if shelf is not None
        for modality, snapshot in shelf.snapshots.items()
    ]


def _numbers(folder: Path) -> list[int]:
    try:
        return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unavailable(folder, error) from error


def _opened(folder: Path, number: int, space: Space, kind: type[Snapshot]) -> SnapshotSet:
    here = folder / str(number)
    try:
        level = SnapshotLevel(**json.loads((here / LEVEL).read_text()))
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise unavailable(here, error) from error
        raise LibraryCorrupt(f"index {here} cannot be read: {error}") from error
    except (ValueError, TypeError) as error:
        raise LibraryCorrupt(f"index {here} cannot be read: {error}") from error
    # Sounds that another head placed have died since, like anything that is replaced.
    made = replace(space, revision=level.revision)
    if (made.geometry, level.dim) != (space.geometry, space.dim):
        raise LibraryCorrupt(f"index {here} is of revision {level.revision}, not {space.revision}")
    found = {m: kind(here / m.value) for m in Modality if (here / m.value).is_dir()}
    return SnapshotSet(number, level, found)


@contextmanager
def refreshing(library: Path, wait: bool = False) -> Iterator[None]:
    """Be the one that refreshes snapshots, or that drops what only they still hold.

    Raises:
        LibraryBusy: another process is at it, and ``wait`` was not asked.
        LibraryReadOnly: the folder does not take writes.
    """
    with translated(library):
        (library / FOLDER).mkdir(exist_ok=True)
        with locked(library / FOLDER, wait):
            yield


@contextmanager
def replacing(library: Path, level: SnapshotLevel) -> Iterator[Path]:
    """Yield an empty folder to fill; it counts when the ``with`` ends well, and older ones go.

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
        failpoints.hit(FailPoint.REFRESH_BEGUN)
        yield unfinished
        (unfinished / LEVEL).write_text(json.dumps(asdict(level)) + "\n")
        sync_tree(unfinished)
        failpoints.hit(FailPoint.REFRESH_FILLED)
        unfinished.rename(folder / str(number))
        sync_folder(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    failpoints.hit(FailPoint.REFRESH_RENAMED)
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


def drop_space(library: Path, space: str) -> None:
    """Remove the snapshots of one space. Only inside ``refreshing``."""
    shutil.rmtree(folder_of(library, space), ignore_errors=True)


def drop_unknown_spaces(library: Path, spaces: Iterable[str]) -> None:
    """Remove folders of spaces that are no more. Only inside ``refreshing``."""
    known = {folder_of(library, space) for space in spaces}
    for folder in (library / FOLDER).iterdir():
        if folder.is_dir() and folder not in known:
            shutil.rmtree(folder, ignore_errors=True)


def drop(library: Path) -> None:
    """Remove all snapshots. Only inside ``refreshing``."""
    for folder in (library / FOLDER).iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)


def holding(library: Path, ids: MomentIds) -> NDArray[np.bool_]:
    """Return which of some moments (n,) any snapshot holds, (n,) bool."""
    found = np.zeros(len(ids), np.bool_)
    for file in (library / FOLDER).glob(f"*/*/*/{IDS}"):
        if file.stat().st_size and (file.parent / MANIFEST).exists():
            found |= among(ids, np.memmap(file, np.int64, "r").view(np.ndarray))
    return found
