"""`sensorium compact`: drop the vectors of what was deleted, and merge small files."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.options import json_option, library_option, open_library, wait_option, warn
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message
from engine.commands.wording import with_commands

if TYPE_CHECKING:
    from engine.store.compaction import Compaction


@click.command()
@wait_option
@library_option
@json_option
def compact(wait: bool, library: Path | None, as_json: bool) -> None:
    """Drop the vectors of what was deleted, and merge small files.

    `sensorium index` does it by itself when many small files have come together.
    """
    with open_library(library) as opened:
        done = opened.compact(wait=wait, progress=True)
        if as_json:
            print_json(dataclasses.asdict(done))
        else:
            _print_compaction(done)
        warn(opened)


def _print_compaction(done: Compaction) -> None:
    for warning in done.warnings:
        print_message(with_commands(warning), err=True)
    click.echo(str(done))
