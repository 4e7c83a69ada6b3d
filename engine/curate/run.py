"""A run of curation as a value: its findings, and what can be done with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, overload

from engine.common.atomic_write import check_place, write_text
from engine.common.optional_package import importing
from engine.common.text import printable
from engine.common.user_path import expanded
from engine.errors import UsageError
from engine.store.curation_records import STAYS, Finding

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from engine.curate.actions.apply import ApplyReport
    from engine.curate.actions.undo import UndoReport
    from engine.curate.finders.outcome import CurationContext, MakeSections

_SHOWN = 10
"""Findings in the text of a run at a prompt."""
_SHOWN_IN_NOTEBOOK = 24
"""Findings with pictures in a notebook; each takes some 15 kB."""


@dataclass(frozen=True)
class RunBinding:
    """The library that a run belongs to, and what its report is drawn from."""

    context: CurationContext
    sections: MakeSections | None = None
    """Draws the report of a run that was just made, out of its vectors; None for a run that
    was read back, of which findings alone are left."""


@dataclass(frozen=True)
class CurationRun:
    """The findings of one run of curation, recorded in the library.

    It is a value that pickles, and a sequence of its findings; a slice is a run with fewer.
    Nothing has been done to any file yet: ``apply`` acts on the findings, and ``undo`` takes
    that back. A run that was just made keeps the vectors that its report is drawn from; one
    that was pickled has no library any more, and can be read again with
    ``library.curate.run(run_id)``.
    """

    run_id: int
    kind: str
    """``duplicates``, ``outliers``, ``quality``."""
    settings: Mapping[str, Any]
    """All that decided what was found."""
    findings: tuple[Finding, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Figures about the run; empty when it was read back."""
    notes: tuple[str, ...] = ()
    """Remarks, one line each."""
    line: str = ""
    """The result in one sentence."""
    command: str = ""
    """The call, or the command, that would make it again."""
    created: str = ""
    """ISO 8601, UTC."""
    generation: int = 0
    """The library's, when it was looked at."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Further results: ``compared``, ``quotas``, or the names of ``clusters``."""
    problems: tuple[str, ...] = ()
    """Files that could not be read, and why, one line each."""
    _binding: RunBinding | None = field(default=None, repr=False, compare=False)

    @property
    def groups(self) -> tuple[tuple[Finding, ...], ...]:
        """Findings by group, what stays of a group first; empty where there are no groups."""
        groups: dict[int, list[Finding]] = {}
        for finding in self.findings:
            if finding.group is not None:
                groups.setdefault(finding.group, []).append(finding)
        return tuple(
            tuple(sorted(groups[number], key=lambda finding: finding.verdict not in STAYS))
            for number in sorted(groups)
        )

    def matching(self, verdicts: Sequence[str] | str = ()) -> tuple[Finding, ...]:
        """Return the findings of some verdicts; without any, all but what stays of a group."""
        named = (verdicts,) if isinstance(verdicts, str) else verdicts
        return tuple(
            finding
            for finding in self.findings
            if (finding.verdict in named if named else finding.verdict not in STAYS)
        )

    # --- acting -------------------------------------------------------------------

    def apply(
        self,
        action: Literal["tag", "move", "link"],
        *,
        to: str | Path | None = None,
        tag: str | None = None,
        symbolic: bool = True,
        verdicts: Sequence[str] | str = (),
        wait: bool = False,
    ) -> ApplyReport:
        """Tag, move or link the files that were found; ``undo`` takes it back.

        Clusters and faults are moved and linked to a folder each below ``to``.

        Args:
            to: the folder to move to, or to link from.
            tag: given to all; without it, what each was found to be.
            symbolic: make symbolic links, and not hard ones.
            verdicts: only findings of these; by default all but what stays of a group.
            wait: wait for another writer instead of raising ``LibraryBusy``.

        Raises:
            UsageError: the action is unknown or lacks its folder, or the run is unbound.
            LibraryBusy: another process writes.
        """
        from engine.curate.actions.act_on_findings import act_on_findings

        store = self._bound("apply").context.store
        return act_on_findings(
            store, self.run_id, self.kind, self.matching(verdicts), action,
            to=None if to is None else expanded(to), tag=tag, symbolic=symbolic, wait=wait,
        )  # fmt: skip

    def undo(self, *, dry_run: bool = False, wait: bool = False) -> UndoReport:
        """Take back all that was applied of this run.

        Args:
            dry_run: only say what would be done.

        Raises:
            UsageError: nothing of it is left to undo, or the run is unbound.
            LibraryBusy: another process writes, and ``wait`` is false.
        """
        from engine.curate.actions.undo import undo

        return undo(self._bound("undo").context.store, self.run_id, dry_run=dry_run, wait=wait)

    def _bound(self, what: str) -> RunBinding:
        if self._binding is None:
            raise UsageError(
                f"{what} needs the library, which a run loses when it is pickled; read it again:"
                f" library.curate.run({self.run_id})"
            )
        return self._binding

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_binding": None}

    # --- writing ------------------------------------------------------------------

    def report(self, path: str | Path) -> Path:
        """Write one page of HTML with pictures and charts, which opens offline.

        A run that was read back has its findings alone to show, without charts of vectors.

        Raises:
            UsageError: the file cannot be written, or the run is unbound.
        """
        from engine.curate.report_sections import ReportPictures, of_findings
        from engine.report.page import Section, facts, page

        binding, file = self._bound("report"), expanded(path)
        check_place(file)
        pictures = ReportPictures(binding.context.store, binding.context.thumbnail)
        make = binding.sections or (lambda shown: list(of_findings(self.findings, shown)))
        figures = Section("In figures", facts(self.facts), "; ".join(self.notes))
        parts = [figures, *make(pictures)] if self.facts else [*make(pictures)]
        write_text(file, page(f"{self.kind.capitalize()}, run {self.run_id}", parts, self.command))
        return file

    def to_pandas(self) -> pd.DataFrame:
        """Return the findings as a table, one row each, in their order.

        Raises:
            ExtraMissing: pandas is not installed.
        """
        with importing("a table of pandas", "pandas", "pandas"):
            import pandas as pd
        from engine.curate.records import NAMES

        rows = [[getattr(finding, name) for name in NAMES] for finding in self.findings]
        table = pd.DataFrame(rows, columns=list(NAMES))
        return table.astype({"moment_id": "Int64", "group": "Int64"})

    def to_arrow(self) -> pa.Table:
        """Return the findings as a table of Arrow, one row each, in their order."""
        from engine.common.arrow_table import arrow_table
        from engine.curate.records import NAMES

        rows = [{name: getattr(finding, name) for name in NAMES} for finding in self.findings]
        return arrow_table(rows, NAMES)

    def to_parquet(self, path: str | Path) -> Path:
        """Write the findings as a Parquet file, which appears whole or not at all.

        Raises:
            UsageError: it cannot be written.
        """
        from engine.curate.records import write_parquet

        write_parquet(expanded(path), self.findings)
        return expanded(path)

    # --- showing ------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> CurationRun: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Finding | CurationRun:
        if isinstance(index, slice):
            return replace(self, findings=self.findings[index])
        return self.findings[index]

    def __repr__(self) -> str:
        lines = [f"CurationRun {self.run_id}, {self.kind}: {self.line}"]
        for finding in self.findings[:_SHOWN]:
            group = "" if finding.group is None else str(finding.group)
            path = printable(finding.path)
            lines.append(f"  {group:>4}  {finding.verdict:<12} {finding.score:>8.3f}  {path}")
        if len(self.findings) > _SHOWN:
            lines.append(f"  and {len(self.findings) - _SHOWN} more")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from engine.curate.notebook import notebook_view
        from engine.curate.report_sections import ReportPictures

        pictures = None
        if self._binding is not None:
            context = self._binding.context
            pictures = ReportPictures(context.store, context.thumbnail)
        title = f"Run {self.run_id}, {self.kind}: {self.line}"
        more = max(0, len(self.findings) - _SHOWN_IN_NOTEBOOK)
        return notebook_view(title, self.findings[:_SHOWN_IN_NOTEBOOK], more, pictures)


def summary_line(line: str, count: int) -> str:
    """Return the sentence of a result, or else how many findings there are."""
    return line or f"{count} finding{'s' * (count != 1)}"


@dataclass(frozen=True, slots=True)
class SemDedupCurve:
    """The part of a library that each eps of semantic deduplication would leave."""

    points: tuple[tuple[float, float], ...]
    """Each eps, with the part that stays."""
    moments: int
    """Vectors that were compared."""
    command: str = ""

    def report(self, path: str | Path) -> Path:
        """Write the curve as a page of HTML.

        Raises:
            UsageError: the file cannot be written.
        """
        from engine.curate import report_sections
        from engine.report.page import page

        section = report_sections.curves(self.points, None)
        write_text(expanded(path), page("Semantic duplicates", [section], self.command))
        return expanded(path)
