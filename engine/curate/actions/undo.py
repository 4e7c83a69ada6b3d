"""Take back what a run did, whether it came to its end or was cut off.

What happened in between is respected: nothing is overwritten, and a link that has become
the last name of a file stays.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from engine.common.file_state import os_reason
from engine.common.vectors import chunks
from engine.curate.actions import safe_move
from engine.curate.actions.apply import stat_of
from engine.errors import UsageError
from engine.store import Store
from engine.store.curation_records import NOTHING_TO_UNDO, OF_TAGS, Act, ActKind, ActState, Run

if TYPE_CHECKING:
    from engine.store import Writer

_FILES_PER_COMMIT = 100
"""Files that are moved back before the catalog is told."""


@dataclass(frozen=True, slots=True)
class UndoReport:
    """The result of taking a run back."""

    run_id: int
    lines: tuple[str, ...]
    """Acts that were taken back, one line each."""
    problems: tuple[str, ...]
    """Acts that could not be taken back, and why."""
    dry_run: bool = False
    """True where nothing was done."""


class _Kept(Exception):
    """A file must stay as it is; the message says why."""


@dataclass(frozen=True, slots=True)
class UndoableRun:
    """A run that did something which can be taken back; ``str`` of it is one line."""

    run: Run
    moved: int
    """Files that go back to where they were."""
    linked: int
    """Links that go away."""
    tagged: int
    """Tags that go away."""
    untagged: int
    """Tags that come back."""
    captioned: int
    """Captions that go away."""
    is_last: bool
    """No later run did anything, and it is of the last 24 hours."""

    def __str__(self) -> str:
        made = datetime.fromisoformat(self.run.created).astimezone()
        when = made.strftime("%Y-%m-%d %H:%M")
        return f"run {self.run.run_id}, {self.run.kind} of {when}: {self.taken_back()}"

    def taken_back(self) -> str:
        """Return what undoing it does, in words."""
        counts = (
            (self.moved, "file goes back to where it was", "files go back to where they were"),
            (self.linked, "link goes away", "links go away"),
            (self.tagged, "tag goes away", "tags go away"),
            (self.untagged, "tag comes back", "tags come back"),
            (self.captioned, "caption goes away", "captions go away"),
        )
        parts = [
            f"{count:,} {single if count == 1 else several}"
            for count, single, several in counts
            if count
        ]
        return ", ".join(parts) or "what was cut off is cleaned up"


_RECENT = timedelta(hours=24)


def undoable_runs(store: Store) -> list[UndoableRun]:
    """List the runs that can be taken back, the last one first."""
    found: list[UndoableRun] = []
    for summary in reversed(store.curation.runs()):
        if summary.acts.keys() - NOTHING_TO_UNDO:
            found.append(_undoable(store, summary.run, not found))
    return found


def undoable_run(store: Store, run_id: int | None) -> UndoableRun:
    """Return a run that can be taken back, by default the last one.

    Raises:
        UsageError: there is no such run, or nothing of it is left to undo.
    """
    last = last_run(store) if run_id is None else None
    run = store.curation.run(run_id if last is None else last)  # type: ignore[arg-type]
    found = next((u for u in undoable_runs(store) if u.run.run_id == run.run_id), None)
    if found is None:
        raise UsageError(f"run {run.run_id} did nothing that is left to undo")
    return found


def _undoable(store: Store, run: Run, newest: bool) -> UndoableRun:
    acts = [act for act in store.curation.acts(run.run_id) if act.state not in NOTHING_TO_UNDO]
    kinds = Counter(act.kind for act in acts)
    made = datetime.fromisoformat(run.created)
    recent = datetime.now(UTC) - made.replace(tzinfo=made.tzinfo or UTC) < _RECENT
    return UndoableRun(
        run, kinds[ActKind.MOVE], kinds[ActKind.SYMLINK] + kinds[ActKind.HARD_LINK],
        kinds[ActKind.TAG], kinds[ActKind.UNTAG], kinds[ActKind.CAPTION], newest and recent,
    )  # fmt: skip


def last_run(store: Store) -> int:
    """Return the last run that did something which has not been taken back.

    Raises:
        UsageError: there is none.
    """
    done = [s.run.run_id for s in store.curation.runs() if s.acts.keys() - NOTHING_TO_UNDO]
    if not done:
        raise UsageError("there is nothing to undo; library.curate.runs() lists what was done")
    return done[-1]


def undo(
    store: Store, run_id: int | None = None, *, dry_run: bool = False, wait: bool = False
) -> UndoReport:
    """Take back all that a run did, the last act first.

    Args:
        run_id: None for the last run that did something.
        dry_run: only say what would be done.

    Raises:
        UsageError: there is no such run, or nothing of it is left to undo.
        LibraryBusy: another process writes.
    """
    chosen = last_run(store) if run_id is None else store.curation.run(run_id).run_id
    if dry_run:
        return _undo(store, None, chosen)
    with store.writer(wait=wait) as writer:
        return _undo(store, writer, chosen)


def _undo(store: Store, writer: Writer | None, run_id: int) -> UndoReport:
    acts = [
        act for act in reversed(store.curation.acts(run_id)) if act.state not in NOTHING_TO_UNDO
    ]
    if not acts:
        raise UsageError(f"run {run_id} did nothing that is left to undo")
    lines: list[str] = []
    problems: list[str] = []
    lines += _undo_tags(writer, run_id, [act for act in acts if act.kind in OF_TAGS])
    on_disk = [act for act in acts if act.kind not in OF_TAGS]
    for part in chunks(on_disk, _FILES_PER_COMMIT):
        _undo_files(store, writer, run_id, part, lines, problems)
    return UndoReport(run_id, tuple(lines), tuple(problems), dry_run=writer is None)


def _undo_tags(writer: Writer | None, run_id: int, acts: Sequence[Act]) -> list[str]:
    """Take tags back that were given, give back those that were taken, and say so in lines."""
    given = [act for act in acts if act.kind is ActKind.TAG]
    taken = [act for act in acts if act.kind is ActKind.UNTAG]
    captions = [act for act in acts if act.kind is ActKind.CAPTION]
    if acts and writer is not None:
        with writer.transaction():
            writer.curation.untag([(act.asset_id, act.target) for act in given if act.asset_id])
            writer.curation.return_tags((act.asset_id, act.target) for act in taken if act.asset_id)
            writer.curation.uncaption([(a.asset_id, a.target) for a in captions if a.asset_id])
            writer.curation.mark(run_id, acts, ActState.UNDONE)
    counts = ((len(given), "taken back"), (len(taken), "given back"))
    lines = [f"{count} tag{'s' * (count != 1)} {what}" for count, what in counts if count]
    gone = f"{len(captions)} caption{'s' * (len(captions) != 1)} taken back"
    return [*lines, gone] if captions else lines


def _undo_files(
    store: Store,
    writer: Writer | None,
    run_id: int,
    acts: Sequence[Act],
    lines: list[str],
    problems: list[str],
) -> None:
    undone = []
    for act in acts:
        try:
            if line := _BACK[act.kind](act, writer is None):
                lines.append(line)
        except _Kept as kept:
            problems.append(str(kept))
        except OSError as error:
            problems.append(f"{act.target}: {os_reason(error)}")
        else:
            undone.append(act)
    if writer is None:
        return
    moved = {a.asset_id: a for a in undone if a.kind is ActKind.MOVE and a.asset_id is not None}
    known = store.assets_numbered(moved)
    # What was forgotten, or has been moved on, meanwhile is none of this run's any more.
    back = [
        (i, stat_of(moved[i].source)) for i, asset in known.items() if asset.path == moved[i].target
    ]
    with writer.transaction():
        writer.move_all(back)
        writer.curation.mark(run_id, undone, ActState.UNDONE)


def _move_back(act: Act, dry_run: bool) -> str:
    source, target = Path(act.source), Path(act.target)
    if not dry_run and act.state is ActState.INTENDED:
        safe_move.part_of(target).unlink(missing_ok=True)  # half a copy, of a file that is there
    here, there = os.path.lexists(target), os.path.lexists(source)
    if there and not here:
        return ""
    if not here:
        raise _Kept(f"{target}: it is gone, and not at {source} either")
    if not there:
        if not dry_run:
            source.parent.mkdir(parents=True, exist_ok=True)
            safe_move.move(target, source)
        return f"{target} -> {source}"
    if act.state is ActState.INTENDED and safe_move.have_same_content(source, target):
        if not dry_run:
            target.unlink()  # the second name, or copy, of a move that was cut off
        return f"{target}: unfinished, {source} is where it was"
    raise _Kept(f"{target}: it stays, because something else is at {source} now")


def _unlink(act: Act, dry_run: bool) -> str:
    source, target = Path(act.source), Path(act.target)
    if not os.path.lexists(target):
        return ""
    if act.kind is ActKind.SYMLINK:
        ours = target.is_symlink() and str(target.readlink()) == act.source
    else:
        ours = source.exists() and target.samefile(source)
    if not ours:
        raise _Kept(f"{target}: it stays, because it is no link to {source} (any more)")
    if not dry_run:
        target.unlink()
    return f"{target}: the link is gone"


def _remove_folder(act: Act, dry_run: bool) -> str:
    with suppress(OSError):  # it holds something else by now, or is gone
        if not dry_run:
            Path(act.target).rmdir()
    return ""


_BACK = {
    ActKind.MOVE: _move_back,
    ActKind.SYMLINK: _unlink,
    ActKind.HARD_LINK: _unlink,
    ActKind.FOLDER: _remove_folder,
}
