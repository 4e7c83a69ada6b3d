"""Folders into files, and those into what the catalog does not know yet.

Nothing is opened here: a file that has not changed costs one ``stat``.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.common.progress import NO_PROGRESS, Progress
from engine.store import KnownAsset, Store
from engine.store.index_rules import IndexRules, RuleChanges, read_rules
from engine.store.paths import outermost
from engine.types import Failure, FileStat
from indexers.texts import Sidecars
from indexers.vanished import Bulk, MissingFiles, Returned, find_bulk
from indexers.walk import Walked, root_of, walk

INDEXED = "indexed"
"""State of an asset whose vectors are all there; any other means to index it again."""


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
    excluded: tuple[KnownAsset, ...] = ()
    """Assets whose file is there, and which a rule leaves out now: they are kept like missing."""
    returned: tuple[Returned, ...] = ()
    """Files that were missing, and are back as they were."""
    covered: tuple[str, ...] = field(default=(), compare=False)
    """Real paths of the roots, and of where links led out of them."""
    settled: tuple[str, ...] = ()
    """Paths of failures that no longer apply: gone, or a folder that can be read again."""
    failures: tuple[Failure, ...] = ()
    """Folders, and files in them, that cannot be looked at."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Counts of the files and folders that each rule left out."""
    notes: tuple[str, ...] = ()
    """Lines about files of patterns that cannot be read."""
    rules: Mapping[str, IndexRules] | None = field(default=None, compare=False)
    """The rules to be remembered, by root; None where nothing has changed."""
    sidecars: Sidecars = field(default_factory=Sidecars, compare=False)
    """The files beside those of the walk in which something is written about them."""


def scan(
    paths: Sequence[str | Path],
    store: Store | None,
    *,
    retry: bool = False,
    changes: RuleChanges | None = None,
    progress: Progress = NO_PROGRESS,
) -> ScanPlan:
    """Walk ``paths`` and compare with the catalog; without ``store`` all is new.

    Args:
        changes: what is to be taken in below ``paths`` from now on.

    Raises:
        PathNotFound: one of ``paths`` does not exist.
    """
    changes = changes or RuleChanges()
    library = store.path if store is not None else None
    before = read_rules(library)
    rules = _changed(before, paths, changes)
    progress.start("scanning")
    walked = walk(
        paths, library, progress, rules, changes.exclude, tell_hidden=changes.hidden is False
    )
    return replace(
        diff(walked, store, retry=retry),
        left_out=walked.counts(), notes=tuple(walked.notes),
        rules=None if rules == before else rules,
    )  # fmt: skip


def _changed(
    before: Mapping[str, IndexRules], paths: Sequence[str | Path], changes: RuleChanges
) -> dict[str, IndexRules]:
    """Return the rules of all roots, those of the folders among ``paths`` changed."""
    if changes == RuleChanges():
        return dict(before)
    rules = dict(before)
    for root, info in map(root_of, paths):
        if stat.S_ISDIR(info.st_mode):
            rules[root] = changes.applied(_nearest(rules, root))
    return rules


def _nearest(rules: Mapping[str, IndexRules], root: str) -> IndexRules:
    """Return the rules of a root, or the flags of the nearest folder above that has some."""
    if root in rules:
        return rules[root]
    above = (rules[p] for p in map(str, Path(root).parents) if p in rules)
    return replace(next(above, IndexRules()), exclude=())


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
    excluded: list[KnownAsset] = []
    unreadable = {failure.path for failure in walked.failures}
    counts: Counter[str] = Counter()
    unchanged = 0
    for root, known in _known(store, walked):
        counts[root] += 1
        file = fresh.pop(known.path, None)
        again = retry and known.path in failures
        if file is None:
            if known.path in walked.files:
                continue
            if _is_in(known.path, walked.left_out):
                excluded.append(known)
            elif missing(known.path) and not _is_in(known.path, unreadable):
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
        excluded=tuple(excluded),
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


def _is_in(path: str, places: Container[str]) -> bool:
    """Tell whether a path, or a folder that it lies in, is among places."""
    return path in places or any(above in places for above in map(str, Path(path).parents))


def _settled(walked: Walked, failures: dict[str, Failure]) -> Iterator[str]:
    """Failures below the roots that a walk disproves, or that this run tries anew."""
    still = {failure.path for failure in walked.failures}
    for path in failures.keys() - still:
        if _is_in(path, walked.covered) and (
            (failures[path].retryable and failures[path].size is None)
            or missing(path) or Path(path).is_dir() or _is_in(path, walked.left_out)
        ):  # fmt: skip
            yield path
