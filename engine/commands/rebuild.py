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


@click.command()
@device_option
@wait_option
@library_option
@json_option
def rebuild(wait: bool, library: Path | None, as_json: bool) -> None:
    """Make again what derives from catalog and vectors: full text, indexes, backgrounds."""
    with open_library(library) as opened:
        count = opened.rebuild(wait=wait, progress=True)
        if as_json:
            print_json({"moments": count})
        else:
            click.echo(f"rebuilt from {count} moments")
        warn(opened)
