"""Folders into files, and those into what the catalog does not know yet.

Nothing is opened here: a file that has not changed costs one ``stat``.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.common.file_state import stored_mtime_ns
from engine.common.progress import NO_PROGRESS, Progress
from engine.common.user_path import expanded
from engine.errors import PathNotFound
from engine.store import KnownAsset, Store
from engine.store.paths import outermost
from engine.types import Failure, FileStat
from indexers.fault_messages import MediaFault, explain, media_fault, printable
from indexers.texts import Sidecars
from indexers.vanished import Bulk, MissingFiles, Returned, find_bulk

INDEXED = "indexed"
"""State of an asset whose vectors are all there; any other means to index it again."""
JUNK = frozenset(
    {
        "$recycle.bin",
        "#recycle",
        "@eadir",
        "__macosx",
        "__pycache__",
        "desktop.ini",
        "lost+found",
        "node_modules",
        "system volume information",
        "thumbs.db",
    }
)
"""Names, in lower case, that never hold a user's own media. Hidden names come on top."""


@dataclass(slots=True)
class Walked:
    """Every file below some roots, each path once."""

    covered: dict[str, None] = field(default_factory=dict)
    """The roots, and where symbolic links led out of them; an ordered set of real paths."""
    files: dict[str, FileStat] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    alone: set[str] = field(default_factory=set)
    """Folders of files that were named by themselves."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that has to be read, since its ``stat`` does not say that it is known."""

    stat: FileStat
    known: KnownAsset | None = None
    """The asset that the catalog holds at this path."""
    forced: bool = False
    """Decode even when the content turns out to be what the catalog knows."""
    reword: bool = False
    """Only read again what is written about it: the file is as it was."""


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """The work of a run, before any file was opened. A plain value."""

    found: int = 0
    unchanged: int = 0
    failed_before: int = 0
    """Files that failed, have not changed since, and are not tried again."""
    candidates: tuple[Candidate, ...] = ()
    """By path."""
    gone: tuple[KnownAsset, ...] = ()
    """Assets whose file is no longer there."""
    bulk: Bulk = field(default_factory=Bulk)
    """The assets among ``gone`` that vanished in bulk: they are missing, and kept."""
    returned: tuple[Returned, ...] = ()
    """Files that were missing, and are back as they were."""
    covered: tuple[str, ...] = field(default=(), compare=False)
    """Real paths of the roots, and of where links led out of them."""
    settled: tuple[str, ...] = ()
    """Paths of failures that no longer apply: gone, or a folder that can be read again."""
    failures: tuple[Failure, ...] = ()
    """Folders, and files in them, that cannot be looked at."""
    sidecars: Sidecars = field(default_factory=Sidecars, compare=False)
    """The files beside those of the walk in which something is written about them."""


def scan(
    paths: Sequence[str | Path],
    store: Store | None,
    *,
    retry: bool = False,
    progress: Progress = NO_PROGRESS,
) -> ScanPlan:
    """Walk ``paths`` and compare with the catalog; without ``store`` all is new.

    Raises:
        PathNotFound: one of ``paths`` does not exist.
    """
    library = store.path if store is not None else None
    progress.start("scanning")
    return diff(walk(paths, skip=library, progress=progress), store, retry=retry)


def walk(
    paths: Sequence[str | Path],
    skip: Path | None = None,
    progress: Progress = NO_PROGRESS,
) -> Walked:
    """Find every regular file at or below ``paths``, symbolic links followed and resolved.

    Hidden names and junk are left out, except where ``paths`` name them. A folder
    is visited once however many links lead to it, which is how loops end.

    Args:
        skip: a folder that is not entered: the library's own.

    Raises:
        PathNotFound: one of ``paths`` does not exist; nothing was walked.
    """
    roots = [_root(path) for path in paths]
    walker = _Walker(skip, progress)
    for root, info in roots:
        walker.enter(root, info)
    return walker.walked


def _root(path: str | Path) -> tuple[str, os.stat_result]:
    try:
        named = expanded(path)
        return os.path.realpath(named), named.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PathNotFound(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise PathNotFound(f"{printable(str(path))} cannot be read: {explain(error)}") from error


class _Walker:
    """One walk: what it has found, and the folders that it has seen."""

    def __init__(self, skip: Path | None, progress: Progress = NO_PROGRESS) -> None:
        self.walked = Walked()
        self._progress = progress
        self._seen: set[tuple[int, int]] = set()
        if skip is not None and skip.exists():
            self._seen.add(_identity(skip.stat()))

    def enter(self, path: str, info: os.stat_result) -> None:
        """Take in what a user, or a link, names."""
        self._cover(path)
        if not stat.S_ISDIR(info.st_mode):
            self.walked.alone.add(str(Path(path).parent))
        waiting = [(path, info)]
        while waiting:
            path, info = waiting.pop()
            if not stat.S_ISDIR(info.st_mode):
                self._file(path, info)
            elif _identity(info) not in self._seen:
                self._seen.add(_identity(info))
                children = [*self._children(path)]
                waiting.extend(reversed(children))
                self._progress.advance(sum(stat.S_ISREG(child.st_mode) for _, child in children))

    def _cover(self, path: str) -> None:
        """Files that a link leads to may lie outside of the roots; they are missed there too."""
        covered = self.walked.covered
        if not any(p in covered for p in (path, *map(str, Path(path).parents))):
            covered[path] = None

    def _file(self, path: str, info: os.stat_result) -> None:
        if not stat.S_ISREG(info.st_mode):
            return  # a socket or a pipe is no file that could be lost
        self.walked.files[path] = FileStat(path, info.st_size, stored_mtime_ns(info))

    def _children(self, folder: str) -> Iterator[tuple[str, os.stat_result]]:
        """Yield what is directly inside ``folder`` and neither hidden nor junk, by name."""
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self._fail(folder, media_fault(error, "folder "))
            return
        for entry in entries:
            if not _ignored(entry.name) and (found := self._resolve(entry)):
                yield found

    def _resolve(self, entry: os.DirEntry[str]) -> tuple[str, os.stat_result] | None:
        path = entry.path
        try:
            if entry.is_symlink():
                path = os.path.realpath(path)
                self._cover(path)
            return path, entry.stat()
        except FileNotFoundError:
            return None  # a dangling link, or deleted a moment ago
        except OSError as error:
            if not entry.is_symlink():
                self._fail(path, media_fault(error))
            return None

    def _fail(self, path: str, fault: MediaFault) -> None:
        self.walked.failures.append(fault.failure(path))


def _identity(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino


def _ignored(name: str) -> bool:
    return name.startswith(".") or name.lower() in JUNK


def missing(path: str) -> bool:
    """Tell whether no file has this path any more; a folder or a pipe is no file.

    A file that is there and was not walked, because it is hidden or its folder
    cannot be read, is not missing: removing it would lose vectors for nothing.
    """
    try:
        regular = stat.S_ISREG(os.lstat(path).st_mode)
        return not regular or os.path.realpath(path) != path
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # what cannot be looked at, or a link above it that cannot be followed
        return False


def diff(walked: Walked, store: Store | None, *, retry: bool = False) -> ScanPlan:
    """Compare the walked files with the catalog; see ``ScanPlan``.

    Args:
        retry: try files again that failed and have not changed since.
    """
    failures = _failures(store)
    sidecars = Sidecars.among(walked.files, walked.alone)
    fresh = dict(walked.files)
    candidates: list[Candidate] = []
    gone: dict[int, KnownAsset] = {}
    counts: Counter[str] = Counter()
    unchanged = 0
    for root, known in _known(store, walked):
        counts[root] += 1
        file = fresh.pop(known.path, None)
        again = retry and known.path in failures
        if file is None:
            if known.path not in walked.files and missing(known.path):
                gone[known.asset_id] = known
        elif not again and known.state == INDEXED and _same(file, known):
            if known.texts_state == sidecars.of(known.path).state:
                unchanged += 1
            else:
                candidates.append(Candidate(file, known, reword=True))
        else:
            candidates.append(Candidate(file, known, again or known.state != INDEXED))
    returned = MissingFiles(store).unchanged(fresh, tuple(walked.covered))
    for back in returned:
        del fresh[back.stat.path]
    new = [f for f in fresh.values() if retry or not _same(f, failures.get(f.path))]
    candidates.extend(Candidate(file) for file in new)
    vanished = tuple(gone.values())
    sizes = Counter(file.size for file in fresh.values())
    return ScanPlan(
        found=len(walked.files),
        unchanged=unchanged,
        failed_before=len(fresh) - len(new),
        candidates=tuple(sorted(candidates, key=lambda c: c.stat.path)),
        gone=vanished,
        bulk=find_bulk(counts, counts, vanished, walked.files, sizes) if vanished else Bulk(),
        returned=tuple(returned),
        covered=tuple(walked.covered),
        settled=tuple(_settled(walked, {**failures, **_skipped(store)})),
        failures=tuple(walked.failures),
        sidecars=sidecars,
    )


def _known(store: Store | None, walked: Walked) -> Iterator[tuple[str, KnownAsset]]:
    """Yield what the catalog knows below each root, with the root."""
    for root in outermost(walked.covered) if store is not None else ():
        for known in store.assets(under=(root,)) if store is not None else ():
            yield root, known


def _failures(store: Store | None) -> dict[str, Failure]:
    return {f.path: f for f in store.failures()} if store is not None else {}


def _skipped(store: Store | None) -> dict[str, Failure]:
    return {f.path: f for f in store.skipped_files()} if store is not None else {}


def _same(file: FileStat, before: KnownAsset | Failure | None) -> bool:
    return before is not None and (file.size, file.mtime_ns) == (before.size, before.mtime_ns)


def _settled(walked: Walked, failures: dict[str, Failure]) -> Iterator[str]:
    """Failures below the roots that a walk alone disproves."""
    still = {failure.path for failure in walked.failures}
    for path in failures.keys() - still:
        parents = (path, *map(str, Path(path).parents))
        if any(p in walked.covered for p in parents) and (missing(path) or Path(path).is_dir()):
            yield path
