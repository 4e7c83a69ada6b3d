"""Tag, move or link files that a run found. Nothing is deleted.

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

from engine.common.file_state import is_unchanged, os_reason, stored_mtime_ns
from engine.common.user_path import expanded
from engine.curate.actions import safe_move
from engine.errors import UsageError
from engine.store import KnownAsset, Store
from engine.store.curation_records import Act, ActKind, ActState
from engine.store.error_translation import one_line
from engine.store.failpoints import FailPoint, hit
from engine.types import FileStat

if TYPE_CHECKING:
    from engine.store import Writer

_FILES_PER_COMMIT = 100
"""Files that are moved before the catalog is told."""


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """The result of acting on files."""

    done: int
    """Files, or tags."""
    passed: tuple[str, ...] = ()
    """Files that were passed over, and why, one line each."""


def tag(
    store: Store, run_id: int, pairs: Iterable[tuple[int, str]], wait: bool = False
) -> ApplyReport:
    """Give assets tags, on behalf of a run.

    Args:
        pairs: ids of assets, each with a word.

    Raises:
        UsageError: a word is empty.
        LibraryBusy: another process writes.
    """
    tags = list(pairs)
    if any(not word.strip() for _, word in tags):
        raise UsageError("a tag is empty; write tag=WORD", arguments=("tag",))
    with store.writer(wait=wait) as writer:
        return ApplyReport(writer.curation.tag(run_id, tags))


def move(
    store: Store, run_id: int, asset_ids: Sequence[int], folder: Path, wait: bool = False
) -> ApplyReport:
    """Move the files of assets into a folder, under names that clash with none.

    The library follows: they keep their moments and vectors. A file that is gone, has
    changed since it was indexed, or lies in the folder already is passed over.

    Raises:
        UsageError: ``folder`` cannot be made.
        LibraryBusy: another process writes.
    """
    return _with_files(store, run_id, asset_ids, folder, ActKind.MOVE, wait)


def link(
    store: Store,
    run_id: int,
    asset_ids: Sequence[int],
    folder: Path,
    *,
    symbolic: bool = True,
    wait: bool = False,
) -> ApplyReport:
    """Link to the files of assets from a folder, under names that clash with none.

    Raises:
        UsageError: ``folder`` cannot be made.
        LibraryBusy: another process writes.
    """
    kind = ActKind.SYMLINK if symbolic else ActKind.HARD_LINK
    return _with_files(store, run_id, asset_ids, folder, kind, wait)


def _with_files(
    store: Store, run_id: int, asset_ids: Sequence[int], folder: Path, kind: ActKind, wait: bool
) -> ApplyReport:
    folder = Path(os.path.abspath(expanded(folder)))  # noqa: PTH100
    if folder.is_relative_to(store.path):
        raise UsageError(
            f"{folder} is in the library's own folder; name another with to=", arguments=("to",)
        )
    with store.writer(wait=wait) as writer:
        known = store.assets_numbered(asset_ids)
        passed: list[str] = []
        assets = [known[i] for i in dict.fromkeys(asset_ids) if i in known]
        usable = [asset for asset in assets if _is_as_indexed(asset, folder, passed)]
        plan = _plan(usable, folder, kind)
        if not plan:
            return ApplyReport(0, tuple(passed))
        acts = writer.curation.intend(run_id, [*_folders(folder), *plan])
        hit(FailPoint.APPLY_INTENDED)
        try:
            _make(folder)
        except UsageError:
            writer.curation.mark(run_id, acts, ActState.FAILED)
            raise
        made = [act for act in acts if act.kind is ActKind.FOLDER]
        writer.curation.mark(run_id, made, ActState.DONE)
        rest = iter(acts[len(made) :])
        done = 0
        while part := list(islice(rest, _FILES_PER_COMMIT)):
            done += _do(writer, run_id, part, passed)
        return ApplyReport(done, tuple(passed))


def _is_as_indexed(asset: KnownAsset, folder: Path, passed: list[str]) -> bool:
    """Tell whether a file can be acted on; if not, add the reason to ``passed``."""
    try:
        unchanged = is_unchanged(asset.path, asset.size, asset.mtime_ns)
    except OSError as error:
        passed.append(f"{asset.path}: {os_reason(error)}")
        return False
    if not unchanged:
        passed.append(f"{asset.path}: it has changed since it was indexed")
        return False
    if Path(asset.path).parent == folder:
        passed.append(f"{asset.path}: it lies in that folder already")
        return False
    return True


def _plan(assets: Sequence[KnownAsset], folder: Path, kind: ActKind) -> list[Act]:
    taken: set[Path] = set()
    acts = []
    for asset in assets:
        target = safe_move.free_name(folder, Path(asset.path).name, taken)
        taken.add(target)
        acts.append(Act(kind, asset.path, str(target), asset.asset_id))
    return acts


def _folders(folder: Path) -> Iterator[Act]:
    """Yield the folders that have to be made, outermost first."""
    for path in reversed([folder, *folder.parents]):
        if not path.exists():
            yield Act(ActKind.FOLDER, "", str(path))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {one_line(error)}") from error


def _do(writer: Writer, run_id: int, acts: Sequence[Act], passed: list[str]) -> int:
    """Do some acts, tell the catalog what was done, and return how many were."""
    done, failed = [], []
    for act in acts:
        try:
            _do_one(act)
        except OSError as error:
            passed.append(f"{act.source}: {os_reason(error)}")
            failed.append(act)
        else:
            done.append(act)
    hit(FailPoint.APPLY_MOVED)
    with writer.transaction():
        moved = [act for act in done if act.kind is ActKind.MOVE]
        writer.move_all([(act.asset_id, stat_of(act.target)) for act in moved if act.asset_id])
        writer.curation.mark(run_id, done, ActState.DONE)
        writer.curation.mark(run_id, failed, ActState.FAILED)
    return len(done)


def _do_one(act: Act) -> None:
    source, target = Path(act.source), Path(act.target)
    if act.kind is ActKind.MOVE:
        safe_move.move(source, target)
    else:
        safe_move.link(source, target, symbolic=act.kind is ActKind.SYMLINK)


def stat_of(path: str) -> FileStat:
    """Return the path, size and time of a file, as the catalog keeps them."""
    found = Path(path).stat()
    return FileStat(path, found.st_size, stored_mtime_ns(found))
