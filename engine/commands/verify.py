"""`sensorium verify`: check a library against itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from engine.commands.options import json_option, library_option, open_library, warn
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message


@click.command()
@click.option("--deep", is_flag=True, help="Read everything: every checksum and every vector.")
@library_option
@json_option
def verify(deep: bool, library: Path | None, as_json: bool) -> None:
    """Check the library against itself. Exits with 1 when something is wrong."""
    with open_library(library) as opened:
        found = opened.verify(deep=deep, progress=True)
        warn(opened)
    if as_json:
        print_json(dataclasses.asdict(found))
    else:
        for line in str(found).splitlines():
            print_message(line)
    if found.problems:
        click.get_current_context().exit(1)
