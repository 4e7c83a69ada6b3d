"""What becomes of what a command of `sensorium curate` finds: kept, drawn, acted on, said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.curate.options import Ending, typed
from engine.commands.options import complain, print_json, say

if TYPE_CHECKING:
    from engine.curate.actions.apply import Applied
    from engine.curate.records import Finding, Run
    from engine.curate.report_sections import Seen
    from engine.library import Library
    from engine.report.page import Section

_LINES = 40
"""Findings that a terminal is shown; a pipe gets all."""
_FOLDERS = ("clusters", "quality")
"""Kinds of runs whose files go to a folder for each tag."""


@dataclass(frozen=True)
class CurateOutcome:
    """What a command found."""

    kind: str
    settings: Mapping[str, Any]
    findings: Sequence[Finding]
    generation: int
    facts: Mapping[str, Any]
    """Figures for the head of the report, and for JSON."""
    sections: Callable[[Seen], Sequence[Section]]
    """The parts of the report, made where there is one."""
    notes: Sequence[str] = ()
    line: str = ""
    """What it comes to; empty for the number of findings."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What JSON tells besides."""


def end(library: Library, outcome: CurateOutcome, ending: Ending) -> None:
    """Keep what was found, act on it, and say what came of it."""
    from engine.curate.records import record
    from engine.curate.report_sections import Seen
    from engine.store.curation_records import STAYS

    run = record(
        library.store, outcome.kind, typed(), outcome.settings, outcome.findings,
        generation=outcome.generation, out=ending.out, wait=ending.wait,
    )  # fmt: skip
    if ending.report is not None:
        from engine.report.page import Section, facts

        figures = Section("In figures", facts(outcome.facts), "; ".join(outcome.notes))
        parts = outcome.sections(Seen(library.store, library.thumbnail))
        write_page(ending.report, f"{run.kind.capitalize()}, run {run.run_id}", [figures, *parts])
    going = [one for one in outcome.findings if one.verdict not in STAYS]
    done = act(library, run, going, ending)
    for note in outcome.notes:
        complain(note)
    told = {"facts": dict(outcome.facts), "notes": list(outcome.notes), **outcome.more}
    show(run, outcome.findings, done, ending, outcome.line, told)


def write_page(file: Path, title: str, sections: Sequence[Section]) -> None:
    """Write a report, and say where it is."""
    from engine.common.atomic_write import write_text
    from engine.report.page import page

    write_text(file, page(title, sections, typed()))
    say(f"the report is {file}")


# --- acting -----------------------------------------------------------------------


def word_of(kind: str, one: Finding) -> str:
    """What a finding of such a run is tagged with, where nobody names a word."""
    return f"cluster {one.group}" if kind == "clusters" else one.verdict


def act(library: Library, run: Run, found: Sequence[Finding], ending: Ending) -> Applied | None:
    """Do what --apply asks to the files of some findings; None where it asks nothing."""
    from engine.curate.actions.apply import Applied

    if ending.apply is None:
        return None
    tags = [(one.asset_id, ending.tag or word_of(run.kind, one)) for one in found]
    parts = list(_applied(library, run, tags, ending))
    passed = tuple(line for one in parts for line in one.passed)
    return Applied(sum(one.done for one in parts), passed)


def _applied(
    library: Library, run: Run, tags: Sequence[tuple[int, str]], ending: Ending
) -> Iterator[Applied]:
    from engine.curate.actions import apply

    store, run_id, wait = library.store, run.run_id, ending.wait
    if ending.apply == "tag":
        yield apply.tag(store, run_id, tags, wait)
        return
    assert ending.to is not None
    folders: dict[Path, list[int]] = {}
    # A file that has several faults goes to the folder of the first.
    for asset_id, word in dict(reversed(tags)).items():
        folder = ending.to / _folder_name(word) if run.kind in _FOLDERS else ending.to
        folders.setdefault(folder, []).append(asset_id)
    for folder in sorted(folders):
        assets = sorted(folders[folder])
        if ending.apply == "move":
            yield apply.move(store, run_id, assets, folder, wait)
        else:
            yield apply.link(store, run_id, assets, folder, symbolic=not ending.hard, wait=wait)


def _folder_name(word: str) -> str:
    safe = "".join(c if c.isalnum() or c in "-_ ." else "-" for c in word).strip(". ")
    return safe[:80] or "other"


# --- saying -----------------------------------------------------------------------


def show(
    run: Run, found: Sequence[Finding], done: Applied | None, ending: Ending,
    line: str = "", more: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Print a run: its findings a line each, or one JSON object; what it comes to last."""
    for passed in done.passed if done else ():
        complain(passed)
    if ending.as_json:
        applied = None if done is None else {"apply": ending.apply, **asdict(done)}
        print_json(
            {
                "run": run.run_id, "kind": run.kind, "command": run.command,
                "settings": dict(run.settings), **(more or {}),
                "findings": [asdict(one) for one in found], "applied": applied,
            }
        )  # fmt: skip
        return
    shown = found[:_LINES] if sys.stdout.isatty() else found
    for one in shown:
        _print_finding(one)
    if len(shown) < len(found):
        say(f"and {len(found) - len(shown)} more")
    said = line or f"{len(found)} finding{'s' * (len(found) != 1)}"
    say(f"run {run.run_id}: {said}")
    if done is not None:
        say(f"{ending.apply}: {done.done}; take it back: sensorium undo {run.run_id}")


def _print_finding(one: Finding) -> None:
    from engine.commands.output import file_name
    from engine.store.paths import printable

    group = "" if one.group is None else str(one.group)
    facts = (group, one.verdict, f"{one.score:.3f}", file_name(one.path), printable(one.why))
    click.echo("\t".join(facts).encode("utf-8", "surrogateescape"))
