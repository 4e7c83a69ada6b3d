"""`sensorium spaces`: which spaces a library has, which is the default, and dropping one."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.confirmation import is_confirmed
from engine.commands.options import (
    complain,
    json_option,
    library_option,
    open_library,
    suggest_languages,
    wait_option,
    warn,
)
from engine.commands.output.json_output import print_json
from engine.common.text import aligned
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.query.space_stats import SpaceStats
    from indexers.backfill import BackfillReport


@click.group()
def spaces() -> None:
    """List the embedding spaces of a library, and choose the one that texts are asked in.

    `sensorium index --add-space ENCODER` adds one.
    """


@spaces.command("list")
@library_option
@json_option
def list_(library: Path | None, as_json: bool) -> None:
    """List the spaces with their vectors, the default first."""
    with open_library(library) as opened:
        counted = opened.spaces.list()
        suggest_languages(opened)
        warn(opened)
    if as_json:
        print_json({"spaces": [dataclasses.asdict(space) for space in counted]})
        return
    for line in _table(counted):
        click.echo(line)
    if not counted:
        click.echo("no spaces yet: sensorium index PATH", err=True)


@spaces.command()
@click.argument("name")
@wait_option
@library_option
@json_option
def default(name: str, wait: bool, library: Path | None, as_json: bool) -> None:
    """Ask texts in the space NAME from now on.

    It must be filled, and hold every modality. Files that are indexed later go into all
    spaces, so that the one before can be dropped or taken back.
    """
    with open_library(library) as opened:
        made = opened.spaces.set_default(name, wait=wait)
        warn(opened)
    if as_json:
        print_json({"default": made})
    else:
        click.echo(f"texts are asked in {made} now")


@spaces.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@library_option
@json_option
def drop(name: str, yes: bool, wait: bool, library: Path | None, as_json: bool) -> None:
    """Remove the space NAME with its vectors and indexes.

    The files, and what other spaces hold, stay. The default space cannot be dropped.
    """
    with open_library(library) as opened:
        opened.spaces.may_drop(name)
        if not yes:
            _confirm(name)
        gone = opened.spaces.drop(name, wait=wait)
        warn(opened)
    if as_json:
        print_json({"dropped": gone})
    else:
        click.echo(f"dropped {', '.join(gone)}")


def _confirm(name: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"dropping {name} removes its vectors: say --yes")
    if not is_confirmed(f"Drop {name} with all its vectors?"):
        raise click.Abort


def print_backfill(done: BackfillReport, *, as_json: bool) -> None:
    """Print what filling a space did; files that were passed over go to stderr, a line each."""
    for failure in done.failures:
        complain(f"{failure.path}: {failure.reason}")
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    click.echo(str(done))


def _table(counted: Sequence[SpaceStats]) -> list[str]:
    """Return rows of columns that line up."""
    rows = [("space", "dim", "vectors", "MB", "", "encoder", "revision")]
    for space in counted:
        counts = ", ".join(f"{n} {modality}" for modality, n in space.vectors.items()) or "none"
        usual = space.role if space.state == "ready" and space.role != "text" else space.state
        state = "default" if space.default else usual
        size = f"{space.bytes / 1e6:.1f}"
        rows.append(
            (space.name, str(space.dim), counts, size, state, space.encoder, space.revision)
        )
    return aligned(rows) if len(rows) > 1 else []
