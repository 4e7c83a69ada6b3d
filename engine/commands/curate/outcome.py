"""Report, apply and print what a command of `sensorium curate` found."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from engine.commands.curate.options import ResultHandling
from engine.commands.options import complain, print_json, say
from engine.commands.output.text import shown_file
from engine.common.text import printable

if TYPE_CHECKING:
    from engine.curate.actions.apply import ApplyReport
    from engine.curate.run import CurationRun
    from engine.store.curation_records import Finding

_LINES = 40
"""Findings that a terminal is shown; a pipe gets all."""


def finish(run: CurationRun, handling: ResultHandling) -> None:
    """Write the report of a new run, act on what it found, and print it."""
    for problem in run.problems:
        complain(problem)
    if handling.report is not None:
        run.report(handling.report)
        say(f"the report is {handling.report}")
    applied = act(run, handling)
    for note in run.notes:
        complain(note)
    results = {"facts": dict(run.facts), "notes": list(run.notes), **run.details}
    show(run, run.findings, applied, handling, run.line, results)


def act(
    run: CurationRun, handling: ResultHandling, verdicts: Sequence[str] = ()
) -> ApplyReport | None:
    """Do what --apply asks for with the files that were found; None where it is not given."""
    if handling.apply is None:
        return None
    return run.apply(
        handling.apply, to=handling.to, tag=handling.tag, symbolic=not handling.hard,
        verdicts=verdicts, wait=handling.wait,
    )  # fmt: skip


def show(
    run: CurationRun, findings: Sequence[Finding], applied: ApplyReport | None,
    handling: ResultHandling, line: str, results: Mapping[str, Any],
) -> None:  # fmt: skip
    """Print findings, a line each, or one JSON object; the sentence of the result last."""
    for passed in applied.passed if applied else ():
        complain(passed)
    if handling.as_json:
        document = None if applied is None else {"apply": handling.apply, **asdict(applied)}
        print_json(
            {
                "run": run.run_id, "kind": run.kind, "command": run.command,
                "settings": dict(run.settings), **results,
                "findings": [asdict(finding) for finding in findings], "applied": document,
            }
        )  # fmt: skip
        return
    shown = findings[:_LINES] if sys.stdout.isatty() else findings
    for finding in shown:
        _print_finding(finding, handling.absolute)
    if len(shown) < len(findings):
        say(f"and {len(findings) - len(shown)} more")
    say(f"run {run.run_id}: {line}")
    if applied is not None:
        say(f"{handling.apply}: {applied.done}; take it back: sensorium undo {run.run_id}")


def count_line(findings: Sequence[Finding]) -> str:
    """Return how many findings there are, in words."""
    return f"{len(findings)} finding{'s' * (len(findings) != 1)}"


def _print_finding(finding: Finding, absolute: bool) -> None:
    group = "" if finding.group is None else str(finding.group)
    name, why = shown_file(finding.path, absolute=absolute), printable(finding.why)
    columns = (group, finding.verdict, f"{finding.score:.3f}", name, why)
    click.echo("\t".join(columns).encode("utf-8", "surrogateescape"))
