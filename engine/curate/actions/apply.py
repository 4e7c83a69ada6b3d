"""Do something about what was found: tag it, move it, or link to it. Nothing is deleted.

All that is to be done is written into the journal first, in one transaction, and what was
done is marked afterwards; ``undo`` finishes with whatever a crash has left in between.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from engine.curate.actions import safe_move
from engine.errors import UsageError
from engine.store import KnownAsset, Store
from engine.store.curation_records import Act, ActState, Did
from engine.store.error_translation import one_line
from engine.store.failpoints import FailPoint, hit
from engine.types import FileStat

if TYPE_CHECKING:
    from engine.store import Writer

_AT_ONCE = 100
"""Files that are moved before the catalog is told."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done, and what was passed over and why, a line each."""

    done: int
    passed: tuple[str, ...] = ()


def tag(store: Store, run_id: int, pairs: Iterable[tuple[int, str]], wait: bool = False) -> Applied:
    """Give assets tags, on behalf of a run.

    Args:
        pairs: an asset's id and a word, each.

    Raises:
        UsageError: a word is empty.
        LibraryBusy: another process writes.
    """
    wanted = list(pairs)
    if any(not word.strip() for _, word in wanted):
        raise UsageError("a tag is empty; write --tag WORD")
    with store.writer(wait=wait) as writer:
        return Applied(writer.curation.tag(run_id, wanted))


def move(
    store: Store, run_id: int, asset_ids: Sequence[int], folder: Path, wait: bool = False
) -> Applied:
    """Move the files of assets into a folder, under names that clash with none. The library
    follows: they keep their moments and vectors.

    A file that is gone, has changed since it was indexed, or lies in the folder already is
    passed over.

    Raises:
        UsageError: ``folder`` cannot be made.
        LibraryBusy: another process writes.
    """
    return _with_files(store, run_id, asset_ids, folder, Did.MOVE, wait)


def link(
    store: Store,
    run_id: int,
    asset_ids: Sequence[int],
    folder: Path,
    *,
    symbolic: bool = True,
    wait: bool = False,
) -> Applied:
    """Link to the files of assets from a folder, under names that clash with none.

    Raises:
        UsageError: ``folder`` cannot be made.
        LibraryBusy: another process writes.
    """
    did = Did.SYMLINK if symbolic else Did.HARD_LINK
    return _with_files(store, run_id, asset_ids, folder, did, wait)


def _with_files(
    store: Store, run_id: int, asset_ids: Sequence[int], folder: Path, did: Did, wait: bool
) -> Applied:
    folder = Path(os.path.abspath(folder.expanduser()))  # noqa: PTH100
    if folder.is_relative_to(store.path):
        raise UsageError(f"{folder} is in the library's own folder; name another with --to")
    with store.writer(wait=wait) as writer:
        known = store.assets_numbered(asset_ids)
        passed: list[str] = []
        wanted = [known[i] for i in dict.fromkeys(asset_ids) if i in known]
        plan = _plan([one for one in wanted if _is_as_known(one, folder, passed)], folder, did)
        if not plan:
            return Applied(0, tuple(passed))
        acts = writer.curation.intend(run_id, [*_folders(folder), *plan])
        hit(FailPoint.APPLY_INTENDED)
        try:
            _make(folder)
        except UsageError:
            writer.curation.mark(run_id, acts, ActState.UNDONE)
            raise
        made = [act for act in acts if act.did is Did.FOLDER]
        writer.curation.mark(run_id, made, ActState.DONE)
        rest = iter(acts[len(made) :])
        done = 0
        while part := list(islice(rest, _AT_ONCE)):
            done += _do(writer, run_id, part, passed)
        return Applied(done, tuple(passed))


def _is_as_known(asset: KnownAsset, folder: Path, passed: list[str]) -> bool:
    path = Path(asset.path)
    try:
        found = path.stat()
    except OSError as error:
        passed.append(f"{asset.path}: {(error.strerror or str(error)).lower()}")
        return False
    if (found.st_size, found.st_mtime_ns) != (asset.size, asset.mtime_ns):
        passed.append(f"{asset.path}: it has changed since it was indexed")
        return False
    if path.parent == folder:
        passed.append(f"{asset.path}: it lies in that folder already")
        return False
    return True


def _plan(assets: Sequence[KnownAsset], folder: Path, did: Did) -> list[Act]:
    taken: set[Path] = set()
    acts = []
    for asset in assets:
        target = safe_move.free_name(folder, Path(asset.path).name, taken)
        taken.add(target)
        acts.append(Act(did, asset.path, str(target), asset.asset_id))
    return acts


def _folders(folder: Path) -> Iterator[Act]:
    """The folders that have to be made, outermost first."""
    for path in reversed([folder, *folder.parents]):
        if not path.exists():
            yield Act(Did.FOLDER, "", str(path))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {one_line(error)}") from error


def _do(writer: Writer, run_id: int, acts: Sequence[Act], passed: list[str]) -> int:
    """Do some acts, and then tell the catalog what was done; returns how many."""
    done, failed = [], []
    for act in acts:
        try:
            _one(act)
        except OSError as error:
            passed.append(f"{act.source}: {(error.strerror or str(error)).lower()}")
            failed.append(act)
        else:
            done.append(act)
    hit(FailPoint.APPLY_MOVED)
    with writer.transaction():
        moved = [act for act in done if act.did is Did.MOVE]
        writer.move_all([(act.asset_id, stat_of(act.target)) for act in moved if act.asset_id])
        writer.curation.mark(run_id, done, ActState.DONE)
        # They never happened, and so there is nothing to take back.
        writer.curation.mark(run_id, failed, ActState.UNDONE)
    return len(done)


def _one(act: Act) -> None:
    source, target = Path(act.source), Path(act.target)
    if act.did is Did.MOVE:
        safe_move.move(source, target)
    else:
        safe_move.link(source, target, symbolic=act.did is Did.SYMLINK)


def stat_of(path: str) -> FileStat:
    """What the catalog keeps of a file."""
    found = Path(path).stat()
    return FileStat(path, found.st_size, found.st_mtime_ns)
