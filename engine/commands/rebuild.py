"""`sensorium rebuild`: make derived parts again."""

from __future__ import annotations

from pathlib import Path

import click

from engine.commands.options import (
    device_option,
    json_option,
    library_option,
    open_library,
    wait_option,
    warn,
)
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message


@click.command()
@device_option
@click.option(
    "--forget-lost",
    is_flag=True,
    help="First give up the segments that are not there: the files whose vectors they held are"
    " pending then, and the next `index` reads them again.",
)
@wait_option
@library_option
@json_option
def rebuild(forget_lost: bool, wait: bool, library: Path | None, as_json: bool) -> None:
    """Make again what derives from catalog and vectors: full text, indexes, backgrounds."""
    if forget_lost:
        from engine.library.facade import Library

        for line in Library.forget_lost(library):
            print_message(line, err=True)
    with open_library(library) as opened:
        count = opened.rebuild(wait=wait, progress=True)
        if as_json:
            print_json({"moments": count})
        else:
            click.echo(f"rebuilt from {count} moments")
        warn(opened)
