"""Folders into files: every regular file below some roots, each path once."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.common.file_state import stored_mtime_ns
from engine.common.progress import NO_PROGRESS, Progress
from engine.common.user_path import expanded
from engine.errors import PathNotFound
from engine.media.file_errors import NO_FILE
from engine.store.index_rules import IndexRules
from engine.types import Failure, FileStat
from indexers.fault_messages import MediaFault, explain, media_fault, printable
from indexers.walk_rules import EXCLUDE, NO_FOLLOW, NO_MEDIA, Scope, WalkRules, named_scope

_JUNK = frozenset(
    {
        "$recycle.bin", "#recycle", "#snapshot", ".@__thumb", ".cache", ".dropbox.cache", ".dtrash",
        ".fseventsd", ".git", ".snapshot", ".snapshots", ".spotlight-v100", ".stversions",
        ".thumbnails", ".trash", ".trashes", "@eadir", "__macosx", "__pycache__", "desktop.ini",
        "lost+found", "node_modules", "system volume information", "thumbs.db",
    }
)  # fmt: skip
"""Names, in lower case, of trash, of caches of thumbnails, and of what programs keep for
themselves. They never hold a user's own media, and stay out where hidden names are taken in."""
_TRASH_OF_A_USER = ".trash-"
"""Begins the name of a disk's trash, before the number of a user (freedesktop.org)."""


@dataclass(slots=True)
class Walked:
    """Every file below some roots, each path once."""

    covered: dict[str, None] = field(default_factory=dict)
    """The roots, and where symbolic links led out of them; an ordered set of real paths."""
    files: dict[str, FileStat] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    alone: set[str] = field(default_factory=set)
    """Folders of files that were named by themselves."""
    left_out: dict[str, str] = field(default_factory=dict)
    """The rule that left out a file, or a folder with all below it, by real path."""
    links: int = 0
    """Symbolic links that were not followed."""
    notes: list[str] = field(default_factory=list)
    """Lines about files of patterns that cannot be read."""

    def counts(self) -> dict[str, int]:
        """Count the files and folders that each rule left out."""
        counted = Counter(self.left_out.values())
        counted[NO_FOLLOW] += self.links
        return {rule: count for rule, count in counted.most_common() if count}


def walk(
    paths: Sequence[str | Path],
    skip: Path | None = None,
    progress: Progress = NO_PROGRESS,
    rules: Mapping[str, IndexRules] | None = None,
    exclude: Sequence[str] = (),
    *,
    tell_hidden: bool = False,
) -> Walked:
    """Find every regular file at or below ``paths``, symbolic links resolved.

    Hidden names, junk and what rules leave out are passed over, except where ``paths``
    name them. A folder is visited once however many links lead to it, which is how loops end.

    Args:
        skip: a folder that is not entered: the library's own.
        rules: of folders, by real path; see ``IndexRules``.
        exclude: patterns that leave out files among ``paths``, as a shell expands ``*.jpg``.
        tell_hidden: note hidden names among what was left out, which they were not until now.

    Raises:
        PathNotFound: one of ``paths`` does not exist; nothing was walked.
    """
    roots = [root_of(path) for path in paths]
    walker = _Walker(skip, progress, WalkRules(rules), tell_hidden=tell_hidden)
    named = named_scope(exclude)
    for root, info in roots:
        if not stat.S_ISDIR(info.st_mode) and named.left_out_by(root, folder=False):
            walker.leave_out(root)
        else:
            walker.enter(root, info)
    walker.walked.notes = walker.rules.notes
    return walker.walked


def root_of(path: str | Path) -> tuple[str, os.stat_result]:
    """Return the real path of what a user names, and its ``stat``.

    Raises:
        PathNotFound: it does not exist, or cannot be looked at.
    """
    try:
        named = expanded(path)
        info = named.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PathNotFound(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise PathNotFound(f"{printable(str(path))} cannot be read: {explain(error)}") from error
    if not stat.S_ISDIR(info.st_mode) and not stat.S_ISREG(info.st_mode):
        raise PathNotFound(f"{printable(str(path))}: {NO_FILE}")
    return os.path.realpath(named), info


@dataclass(slots=True)
class _Place:
    """A file or a folder that a walk came to."""

    path: str
    """Its real path."""
    info: os.stat_result
    logical: str
    """Its path by the links that led there."""
    scope: Scope
    named: bool = False


class _Walker:
    """One walk: what it has found, and the folders that it has seen."""

    def __init__(
        self, skip: Path | None, progress: Progress, rules: WalkRules, *, tell_hidden: bool
    ) -> None:
        self.walked = Walked()
        self.rules = rules
        self._progress = progress
        self._tell_hidden = tell_hidden
        self._seen: set[tuple[int, int]] = set()
        if skip is not None and skip.exists():
            self._seen.add(_identity(skip.stat()))

    def enter(self, path: str, info: os.stat_result) -> None:
        """Take in what a user names."""
        self._cover(path)
        if not stat.S_ISDIR(info.st_mode):
            self.walked.alone.add(str(Path(path).parent))
        waiting = [_Place(path, info, path, self.rules.at(path), named=True)]
        while waiting:
            place = waiting.pop()
            if not stat.S_ISDIR(place.info.st_mode):
                self._file(place)
            elif _identity(place.info) not in self._seen:
                self._seen.add(_identity(place.info))
                children = [*self._children(place)]
                waiting.extend(reversed(children))
                self._progress.advance(sum(stat.S_ISREG(c.info.st_mode) for c in children))

    def leave_out(self, path: str) -> None:
        """Pass over a file that a user names, which is missed where it was indexed before."""
        self._cover(path)
        self.walked.left_out[path] = EXCLUDE

    def _cover(self, path: str) -> None:
        """Files that a link leads to may lie outside of the roots; they are missed there too."""
        covered = self.walked.covered
        if not any(p in covered for p in (path, *map(str, Path(path).parents))):
            covered[path] = None

    def _file(self, place: _Place) -> None:
        if not stat.S_ISREG(place.info.st_mode):
            return  # a socket or a pipe is no file that could be lost
        found = FileStat(place.path, place.info.st_size, stored_mtime_ns(place.info))
        self.walked.files[place.path] = found

    def _children(self, folder: _Place) -> Iterator[_Place]:
        """Yield what is directly inside a folder and passed over by no rule, by name."""
        try:
            with os.scandir(folder.path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self._fail(folder.path, media_fault(error, "folder "))
            return
        names = [entry.name for entry in entries]
        if NO_MEDIA in names and not folder.named:
            self.walked.left_out[folder.path] = NO_MEDIA
            return
        scope = self.rules.within(folder.scope, folder.path, folder.logical, names)
        for entry in entries:
            if self._is_hidden(entry, scope):
                continue
            if entry.is_symlink() and not scope.rules.follow_links:
                self.walked.links += 1
            elif found := self._resolve(entry, folder, scope):
                yield found

    def _is_hidden(self, entry: os.DirEntry[str], scope: Scope) -> bool:
        name = entry.name
        if name.lower() in _JUNK or name.lower().startswith(_TRASH_OF_A_USER):
            return True
        if not name.startswith(".") or scope.rules.hidden:
            return False
        if self._tell_hidden:
            self.walked.left_out[entry.path] = "--no-hidden"
        return True

    def _resolve(self, entry: os.DirEntry[str], folder: _Place, scope: Scope) -> _Place | None:
        logical = os.path.join(folder.logical, entry.name)  # noqa: PTH118
        path = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
        try:
            info = entry.stat()
        except FileNotFoundError:  # deleted a moment ago, or a link to what is not there now
            info = None
        except OSError as error:
            if not entry.is_symlink():
                self._fail(path, media_fault(error))
            return None
        # Asked once links are resolved: a pattern such as ``raw/`` is of folders alone.
        is_folder = info is not None and stat.S_ISDIR(info.st_mode)
        if rule := scope.left_out_by(logical, folder=is_folder):
            self.walked.left_out[entry.path] = rule
            return None
        if entry.is_symlink():
            self._cover(path)
        return None if info is None else _Place(path, info, logical, scope)

    def _fail(self, path: str, fault: MediaFault) -> None:
        self.walked.failures.append(fault.failure(path))


def _identity(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino
