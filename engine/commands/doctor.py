"""`sensorium doctor`: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from engine.commands.options import json_option, library_option, settings
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message
from engine.commands.wording import with_commands


@click.command()
@library_option
@json_option
def doctor(library: Path | None, as_json: bool) -> None:
    """Check what is installed, and whether the library can be used.

    Exits with 1 when something that is needed is missing.
    """
    from engine.doctor import examine

    found = examine(library, settings())
    if as_json:
        print_json({"checks": [dataclasses.asdict(check) for check in found]})
    else:
        for check in found:
            mark = "ok" if check.ok else "--" if check.optional else "MISSING"
            print_message(f"{mark:8}{check.name}: {with_commands(check.detail)}")
    if not all(check.ok or check.optional for check in found):
        click.get_current_context().exit(1)
