"""Runs of curation that a library has recorded: read them, act on them, take them back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.common.part_repr import part_repr
from engine.curate.finders.outcome import CurationContext
from engine.curate.recording import records_call
from engine.curate.run import CurationRun, RunBinding, summary_line

if TYPE_CHECKING:
    from engine.curate.actions.apply import ApplyReport
    from engine.curate.actions.placing import PlacedFiles, Placing
    from engine.curate.actions.tagging import AssetNames, TagChange
    from engine.curate.actions.undo import UndoableRun, UndoReport
    from engine.store.curation_records import RunSummary


class RecordedRuns:
    """The recorded runs of a library."""

    def __init__(self, context: CurationContext) -> None:
        self._context = context

    def __repr__(self) -> str:
        return part_repr(self, self._context.store.path)

    def runs(self) -> list[RunSummary]:
        """List the runs, the oldest first, with how much each found and did."""
        return self._context.store.curation.runs()

    def run(self, run_id: int) -> CurationRun:
        """Read a run with its findings.

        Raises:
            UsageError: there is no such run.
        """
        store = self._context.store
        run, findings = store.curation.run(run_id), tuple(store.curation.findings(run_id))
        return CurationRun(
            run.run_id, run.kind, run.settings, findings,
            line=summary_line("", len(findings)), command=run.command, created=run.created,
            generation=run.generation, _binding=RunBinding(self._context),
        )  # fmt: skip

    def apply(
        self,
        run_id: int,
        action: Literal["tag", "move", "link"],
        *,
        to: str | Path | None = None,
        tag: str | None = None,
        symbolic: bool = True,
        verdicts: Sequence[str] | str = (),
        wait: bool = False,
    ) -> ApplyReport:
        """Act on the files that an earlier run found; see ``CurationRun.apply``."""
        return self.run(run_id).apply(
            action, to=to, tag=tag, symbolic=symbolic, verdicts=verdicts, wait=wait
        )

    @records_call
    def tag(
        self,
        assets: AssetNames,
        *,
        add: Sequence[str] | str = (),
        remove: Sequence[str] | str = (),
        wait: bool = False,
        command: str | None = None,
    ) -> TagChange:
        """Give files tags, and take tags from them; ``undo`` of its run takes that back.

        Args:
            assets: files by the numbers that hits have, or by paths; a folder means all of
                the library's files below it.
            add, remove: words, each of which all of the files get, or lose.

        Raises:
            UsageError: no tag is named, one is empty, or there is no file of a number.
            PathNotFound: the library holds nothing at a path.
            LibraryBusy: another process writes, and ``wait`` is false.
        """
        from engine.curate.actions.tagging import change_tags

        return change_tags(
            self._context.store, assets, add, remove, command=command or "", wait=wait
        )

    @records_call
    def place_files(
        self,
        assets: AssetNames,
        how: Placing,
        to: str | Path,
        *,
        symbolic: bool = True,
        wait: bool = False,
        command: str | None = None,
    ) -> PlacedFiles:
        """Move files into a folder, or link to them; ``undo`` of its run takes that back.

        The library follows files that move: they keep their moments, vectors and tags.

        Args:
            assets: as for ``tag``.
            how: ``move`` or ``link``.
            to: the folder, which is made where there is none.
            symbolic: make symbolic links, and not hard ones.

        Raises:
            UsageError: the folder cannot be made, or there is no file of a number.
            PathNotFound: the library holds nothing at a path.
            LibraryBusy: another process writes, and ``wait`` is false.
        """
        from engine.curate.actions.placing import place_files

        return place_files(
            self._context.store, assets, how, Path(to), symbolic=symbolic,
            command=command or "", wait=wait,
        )  # fmt: skip

    def undoable(self) -> list[UndoableRun]:
        """List the runs that can be taken back, the last one first, with what that would do."""
        from engine.curate.actions.undo import undoable_runs

        return undoable_runs(self._context.store)

    def undoable_run(self, run_id: int | None = None) -> UndoableRun:
        """Return what ``undo`` would take back, by default of the last run that did something.

        Raises:
            UsageError: there is no such run, or nothing of it is left to undo.
        """
        from engine.curate.actions.undo import undoable_run

        return undoable_run(self._context.store, run_id)

    def undo(
        self, run_id: int | None = None, *, dry_run: bool = False, wait: bool = False
    ) -> UndoReport:
        """Take back what a run did, whether it ended or was cut off.

        Nothing is overwritten: what is in the way stays, and is named.

        Args:
            run_id: by default the last run that did something.
            dry_run: only say what would be done.

        Raises:
            UsageError: there is no such run, or nothing of it is left to undo.
        """
        from engine.curate.actions.undo import undo

        return undo(self._context.store, run_id, dry_run=dry_run, wait=wait)
