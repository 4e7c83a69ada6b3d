"""`sensorium jobs`: the jobs that servers run, and ran, for a library."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.options import json_option, library_option, open_library, say, warn
from engine.commands.output.json_output import print_json
from engine.common import local_time
from engine.common.text import printable

if TYPE_CHECKING:
    from engine.types.jobs import Job


@click.command()
@library_option
@json_option
def jobs(library: Path | None, as_json: bool) -> None:
    """List the jobs that servers run, and ran, for a library, the newest first.

    `sensorium serve` starts them for its clients, who can cancel and resume them. A job whose
    server was killed is listed as interrupted.
    """
    with open_library(library) as opened:
        listed = opened.jobs.all()
        warn(opened)
    if as_json:
        print_json({"jobs": [dataclasses.asdict(job) for job in listed]})
        return
    for job in listed:
        click.echo(
            "\t".join((job.job_id, local_time.shown(job.created), job.kind, job.state, _about(job)))
        )
    if not listed:
        say("no jobs yet")


def _about(job: Job) -> str:
    """Return what there is to say of a job, in a few words."""
    if job.error is not None:
        return printable(str(job.error["message"]))
    if job.result is not None and job.result.get("line"):
        return printable(str(job.result["line"]))
    files = ", ".join(f"{count} {word}" for word, count in job.files.items())
    of_total = "" if job.total is None else f" of {job.total}"
    return files or (f"{job.task} {job.done}{of_total} {job.unit}" if job.task else "")
