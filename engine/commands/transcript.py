"""`sensorium transcript`: what is said in a file, and what is to be read in it, with times."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from engine.commands.options import AnyPath, json_option, library_option, open_library, warn
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message
from engine.common.text import printable, time_span


@click.command()
@click.argument("file", type=AnyPath(path_type=Path))
@click.option("--vtt", is_flag=True, help="Print subtitles in WebVTT.")
@library_option
@json_option
def transcript(file: Path, vtt: bool, library: Path | None, as_json: bool) -> None:
    """Print what is said in FILE, and what is to be read in it, with times."""
    with open_library(library) as opened:
        found = opened.browse.transcript(opened.browse.find(file).asset_id)
        warn(opened)
        if as_json:
            print_json({"lines": [dataclasses.asdict(line) for line in found.lines]})
        for row in found.to_vtt().splitlines() if vtt and not as_json else ():
            print_message(row)
        for line in found.lines if not (vtt or as_json) else ():
            at = "" if line.start is None else f"{time_span(line.start, line.end)}  "
            print_message(f"{at}{printable(' '.join(line.text.split()))}")
