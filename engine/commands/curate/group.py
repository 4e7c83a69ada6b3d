"""`sensorium curate` and `sensorium undo`: its group, and what is done with runs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from engine.commands.curate.options import Ending, Remembering, act_options
from engine.commands.curate.outcome import act, show
from engine.commands.options import (
    complain,
    json_option,
    library_option,
    open_library,
    print_json,
    wait_option,
    warn,
)
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
    from engine.store.curation_records import ActState

    with open_library(library) as opened:
        listed = opened.store.curation.runs()
        warn(opened)
    if as_json:
        document = [
            {**dataclasses.asdict(one.run), "findings": one.findings, "acts": one.acts}
            for one in listed
        ]
        print_json({"runs": document})
        return
    for one in listed:
        states = ", ".join(f"{one.acts[s]} {s}" for s in ActState if s in one.acts)
        found = f"{one.findings} findings"
        click.echo(
            f"{one.run.run_id}\t{one.run.created}\t{one.run.kind}\t{found}\t{states}"
            f"\t{one.run.command}"
        )
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
@act_options
def apply_run(run_id: int, verdicts: tuple[str, ...], library: Path | None, ending: Ending) -> None:
    """Act on what an earlier RUN found, without looking for it again."""
    from engine.store.curation_records import STAYS

    if ending.apply is None:
        raise UsageError("nothing to do: name it with --apply tag, move or link")
    with open_library(library) as opened:
        run = opened.store.curation.run(run_id)
        found = [
            one
            for one in opened.store.curation.findings(run_id)
            if (one.verdict in verdicts if verdicts else one.verdict not in STAYS)
        ]
        show(run, found, act(opened, run, found, ending), ending)
        warn(opened)


@click.command()
@click.argument("run", metavar="[RUN|last]", default="last")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@wait_option
@library_option
@json_option
def undo(run: str, dry_run: bool, wait: bool, library: Path | None, as_json: bool) -> None:
    """Take back what a run of curation did, whether it ended or was cut off.

    Files go back to where they were, links and tags go away. Nothing is overwritten: what
    is in the way stays, and is named. Exits with 1 when something could not be taken back.
    """
    from engine.curate.actions.undo import undo as take_back

    if run != "last" and not run.isdigit():
        raise UsageError(f"{run!r} is no run: name its number, or last")
    with open_library(library) as opened:
        number = None if run == "last" else int(run)
        done = take_back(opened.store, number, dry_run=dry_run, wait=wait)
        warn(opened)
    if as_json:
        print_json(dataclasses.asdict(done))
    else:
        from engine.commands.output import file_name

        for line in done.lines:
            click.echo(file_name(line).encode("utf-8", "surrogateescape"))
        verb = "would be undone" if dry_run else "undone"
        click.echo(f"run {done.run_id}: {verb}", err=True)
    for problem in done.problems:
        complain(problem)
    if done.problems:
        click.get_current_context().exit(1)
