"""`sensorium undo`: take back what a run of curation did."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.confirmation import is_confirmed
from engine.commands.options import (
    complain,
    json_option,
    library_option,
    open_library,
    print_json,
    say,
    wait_option,
    warn,
)
from engine.common import local_time
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.curate.actions.undo import UndoableRun, UndoReport


@click.command()
@click.argument("run", metavar="[RUN|last]", default="last")
@click.option("--list", "listed", is_flag=True, help="List the runs that can be undone.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask, even where it is not the last thing done.")
@wait_option
@library_option
@json_option
def undo(
    run: str, listed: bool, dry_run: bool, yes: bool, wait: bool, library: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Take back what a run of curation did, whether it ended or was cut off.

    It says first which run that is, and asks where that is not the last thing done: where a
    later run did something, or the run is more than a day old. In a script, which nobody can
    ask, it refuses then, unless --yes is given.

    Files go back to where they were, links and tags go away. Nothing is overwritten: what
    is in the way stays, and is named. Exits with 1 when something could not be taken back.
    """
    if run != "last" and not run.isdigit():
        raise UsageError(f"{run!r} is no run: name its number, or last")
    with open_library(library) as opened:
        if listed:
            _list(opened.curate.undoable(), as_json)
            return
        number = None if run == "last" else int(run)
        chosen = opened.curate.undoable_run(number)
        say(str(chosen))
        if not (dry_run or yes or chosen.is_last):
            _ask(chosen)
        done = opened.curate.undo(chosen.run.run_id, dry_run=dry_run, wait=wait)
        warn(opened)
    _show(done, as_json)


def _ask(chosen: UndoableRun) -> None:
    """Ask whether a run that is not the last thing done shall be undone.

    Raises:
        UsageError: there is nobody to ask, or the answer is no.
    """
    number = chosen.run.run_id
    if not _can_ask():
        raise UsageError(
            f"run {number} is not the last thing done: add --yes to undo it all the same;"
            " --list shows all runs that can be undone"
        )
    if not is_confirmed("It is not the last thing done. Undo it?"):
        raise UsageError("nothing was undone")


def _can_ask() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _list(runs: Sequence[UndoableRun], as_json: bool) -> None:
    if as_json:
        print_json({"runs": [_document(run) for run in runs]})
        return
    for run in runs:
        columns = (
            str(run.run.run_id),
            local_time.shown(run.run.created),
            run.run.kind,
            run.taken_back(),
        )
        click.echo("\t".join((*columns, run.run.command)))
    if not runs:
        say("there is nothing to undo")


def _document(run: UndoableRun) -> dict[str, object]:
    counts = {"moved": run.moved, "linked": run.linked, "tagged": run.tagged}
    return dataclasses.asdict(run.run) | counts | {"is_last": run.is_last}


def _show(done: UndoReport, as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.asdict(done))
    else:
        from engine.common.text import file_name

        for line in done.lines:
            click.echo(file_name(line).encode("utf-8", "surrogateescape"))
        verb = "would be undone" if done.dry_run else "undone"
        say(f"run {done.run_id}: {verb}")
    for problem in done.problems:
        complain(problem)
    if done.problems:
        click.get_current_context().exit(1)
