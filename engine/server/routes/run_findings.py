"""The findings of runs, read once and sent page by page: those of a run never change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from engine.common.lru import LRUCache
from engine.library.facade import Library
from engine.store.curation_records import Finding, Run

_KEPT = 2
"""Runs whose findings are kept for their next pages."""


@dataclass(frozen=True, slots=True)
class RunFindings:
    """All that a run found."""

    findings: Sequence[Finding]
    verdicts: dict[str, int]
    """Findings by verdict."""
    groups: dict[int, tuple[int, Finding]]
    """The number of findings of each group, and the first of them."""

    def chosen(self, verdicts: Collection[str], groups: Collection[int]) -> Sequence[Finding]:
        """Return those of some verdicts and of some groups; of all where none is named."""
        if not verdicts and not groups:
            return self.findings
        return [
            each for each in self.findings
            if (not verdicts or each.verdict in verdicts) and (not groups or each.group in groups)
        ]  # fmt: skip

    def group_counts(self) -> list[dict[str, Any]]:
        """Return the groups, the largest first, each with what its first finding says of it."""
        largest = sorted(self.groups.items(), key=lambda each: (-each[1][0], each[0]))
        return [
            {"group": group, "findings": count, "verdict": first.verdict, "why": first.why}
            for group, (count, first) in largest
        ]


class FoundByRuns:
    """Keeps the findings of the last runs that were read."""

    def __init__(self) -> None:
        self._kept: LRUCache[tuple[str, int, str], RunFindings] = LRUCache(_KEPT)

    def of(self, name: str, library: Library, run: Run) -> RunFindings:
        """Return what a run of the library of that name found."""
        key = name, run.run_id, str(run.created)
        return self._kept.get_or_make(key, lambda: _read(library, run.run_id))


def found_by_runs(request: Request) -> FoundByRuns:
    """Return what keeps the findings of runs for the server of a request."""
    found: FoundByRuns = request.app.state.found_by_runs
    return found


def _read(library: Library, run: int) -> RunFindings:
    findings = library.curate.run(run).findings
    groups: dict[int, tuple[int, Finding]] = {}
    for each in findings:
        if each.group is not None:
            count, first = groups.get(each.group, (0, each))
            groups[each.group] = count + 1, first
    return RunFindings(findings, dict(Counter(each.verdict for each in findings)), groups)
