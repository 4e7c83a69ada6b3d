"""`sensorium failures`: the files that could not be indexed, and trying them again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.index import print_report
from engine.commands.options import (
    absolute_option,
    json_option,
    library_option,
    open_library,
    wait_option,
    warn,
)
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_line, shown_file
from engine.common.text import printable

if TYPE_CHECKING:
    from engine.types import Failure


@click.command()
@click.option("--retry", is_flag=True, help="Try them again, and forget those that are gone.")
@click.option(
    "--skipped",
    is_flag=True,
    help="List the files that were passed over, of types that are known and not read.",
)
@absolute_option
@wait_option
@library_option
@json_option
def failures(
    retry: bool, skipped: bool, absolute: bool, wait: bool, library: Path | None, as_json: bool
) -> None:
    """List the files that could not be indexed, and why."""
    if retry and skipped:
        raise click.UsageError("--retry and --skipped cannot be used together")
    with open_library(library) as opened:
        if retry:
            print_report(opened.retry(wait=wait, progress=True), as_json=as_json)
        else:
            none = "nothing of a known type was skipped" if skipped else "no failures"
            found = opened.failures(skipped=skipped)
            if as_json:
                print_json({"failures": [dataclasses.asdict(failure) for failure in found]})
            else:
                _print_failures(found, none, absolute=absolute)
        warn(opened)


def _print_failures(found: Sequence[Failure], none: str, *, absolute: bool) -> None:
    for failure in found:
        print_line(f"{shown_file(failure.path, absolute=absolute)}: {printable(failure.reason)}")
    if not found:
        click.echo(none, err=True)
