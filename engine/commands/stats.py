"""`sensorium stats`: counts and sizes of a library."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.options import (
    AnyPath,
    json_option,
    library_option,
    open_library,
    suggest_languages,
    warn,
)
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message

if TYPE_CHECKING:
    from engine.library.views import LibraryDescription


@click.command()
@library_option
@click.option(
    "--dates",
    "file",
    metavar="FILE",
    type=AnyPath(),
    help="Show every date that FILE has and which one counts, and count nothing.",
)
@json_option
def stats(library: Path | None, file: str | None, as_json: bool) -> None:
    """Count what the library holds."""
    if file is not None:
        _show_dates(file, as_json)
        return
    with open_library(library) as opened:
        described = opened.describe()
        if as_json:
            print_json(_document(described))
        else:
            for line in str(described).splitlines():
                print_message(line)
        suggest_languages(opened)
        warn(opened)


def _show_dates(file: str, as_json: bool) -> None:
    """Print where a file says when it was made, the date that counts marked by a star."""
    from engine.library.facade import Library

    claims = Library.dates(file)
    if as_json:
        print_json({"path": file, "dates": [dataclasses.asdict(found) for found in claims]})
        return
    for found in claims:
        mark = "*" if found.chosen else " "
        print_message(f"{mark} {found.when or found.fault}: {found.source} {found.text!r}")


def _document(described: LibraryDescription) -> dict[str, Any]:
    """Return the document of ``stats --json``, which is a contract that tests hold."""
    return {
        "library": str(described.path),
        "encoder": described.encoder,
        "spaces": [dataclasses.asdict(s.space) | {"state": s.state} for s in described.spaces],
        **dataclasses.asdict(described.stats),
        "indexes": [
            {"space": i.space, "modality": i.modality, **dataclasses.asdict(i.manifest)}
            for i in described.indexes
        ],
        "rules": {root: dataclasses.asdict(rules) for root, rules in described.rules.items()},
    }
