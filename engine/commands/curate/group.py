"""`sensorium curate runs` and `apply`, and `sensorium undo`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from engine.commands.curate.options import Remembering, ResultHandling, action_options
from engine.commands.curate.outcome import act, count_line, show
from engine.commands.options import (
    json_option,
    library_option,
    open_library,
    print_json,
    warn,
)
from engine.common import local_time
from engine.errors import UsageError


@click.group(cls=Remembering)
def curate() -> None:
    """Find duplicates, leaks, faults and more in a library, choose from it, and act on that.

    Nothing is ever deleted: what is found is recorded as a run, --apply tags, moves or
    links it, and `sensorium undo` takes that back.
    """


@curate.command()
@library_option
@json_option
def runs(library: Path | None, as_json: bool) -> None:
    """List the runs: what each looked for, how much it found, and what it did."""
    with open_library(library) as opened:
        listed = opened.curate.runs()
        warn(opened)
    if as_json:
        document = [
            {
                **dataclasses.asdict(summary.run), "findings": summary.findings,
                "acts": summary.acts,
            }
            for summary in listed
        ]  # fmt: skip
        print_json({"runs": document})
        return
    for summary in listed:
        run, found = summary.run, f"{summary.findings} findings"
        states = ", ".join(f"{count} {state}" for state, count in summary.acts_in_order())
        made = local_time.shown(run.created)
        columns = (str(run.run_id), made, run.kind, found, states, run.command)
        click.echo("\t".join(columns))
    if not listed:
        click.echo("no runs yet", err=True)


@curate.command("apply")
@click.argument("run_id", metavar="RUN", type=int)
@click.option(
    "--verdict",
    "verdicts",
    multiple=True,
    help="Only findings of this verdict. May be repeated.  [default: all but what stays]",
)
@action_options
def apply_run(
    run_id: int, verdicts: tuple[str, ...], library: Path | None, handling: ResultHandling
) -> None:
    """Act on what an earlier RUN found, without looking for it again."""
    if handling.apply is None:
        raise UsageError("nothing to do: name it with --apply tag, move or link")
    with open_library(library) as opened:
        run = opened.curate.run(run_id)
        found = run.matching(verdicts)
        applied = act(run, handling, verdicts)
        show(run, found, applied, handling, count_line(found), {})
        warn(opened)
