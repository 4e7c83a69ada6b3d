"""`sensorium remove`: forget files."""

from __future__ import annotations

from pathlib import Path

import click

from engine.commands.options import AnyPath, json_option, library_option, open_library, wait_option
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message


@click.command()
@click.argument("path", type=AnyPath())
@wait_option
@library_option
@json_option
def remove(path: str, wait: bool, library: Path | None, as_json: bool) -> None:
    """Forget PATH, a file or a folder. The files themselves are not touched.

    To take them in again, index them again.
    """
    with open_library(library) as opened:
        count = opened.remove(path, wait=wait)
    if as_json:
        print_json({"removed": count})
    elif count:
        click.echo(f"forgot {count} file{'s' * (count != 1)}")
    else:
        print_message(f"nothing of the library is at {path}", err=True)
