"""`sensorium models`: the encoders that there are, and fetching one ahead."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.commands.options import json_option, print_json
from engine.config import Settings
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.encoders.offered import Offered

_HEAD = ("encoder", "dim", "pictures", "parameters", "on disk")


def _downloaded_option(command: click.decorators.FC) -> click.decorators.FC:
    return click.option("--downloaded", is_flag=True, help="Only those that are on disk.")(command)


@click.group(invoke_without_command=True)
@_downloaded_option
@json_option
@click.pass_context
def models(ctx: click.Context, downloaded: bool, as_json: bool) -> None:
    """List the encoders that a library can have, or fetch one ahead.

    Beside these, --encoder takes hf-hub:ORG/NAME, a model's folder, and a checkpoint as
    open_clip:MODEL/./FILE; docs/encoders.md has all of it.
    """
    if ctx.invoked_subcommand is None:
        _show(downloaded, as_json)
    elif downloaded or as_json:
        raise UsageError("--downloaded and --json belong to `sensorium models list`")


@models.command("list")
@_downloaded_option
@json_option
def list_(downloaded: bool, as_json: bool) -> None:
    """List the encoders, with what is known of them without a network.

    A line is a name, the vectors' dimension, the side of the pictures, the number of
    parameters, and the size of what is on disk.
    """
    _show(downloaded, as_json)


@models.command()
@click.argument("name")
def pull(name: str) -> None:
    """Fetch all that the encoder NAME needs, to index later without a network."""
    from engine.encoders import registry
    from engine.encoders.protocols import Fetched

    encoder = registry.encoder(name, Settings.from_env())
    if isinstance(encoder, Fetched):
        encoder.fetch()
    else:
        encoder.check()
    click.echo(f"{encoder.name} is on this machine")


def _show(downloaded: bool, as_json: bool) -> None:
    from engine.encoders.available import offered

    shown = [one for one in offered() if one.downloaded or not downloaded]
    if as_json:
        document = {"models": [dataclasses.asdict(one) for one in shown]}
        print_json(document)
    elif sys.stdout.isatty():
        _table(shown)
    else:
        for one in shown:
            click.echo("\t".join((one.name, *_facts(one))))


def _facts(one: Offered) -> tuple[str, ...]:
    """Dimension, side, parameters, and what is on disk, for people."""
    here = {True: f"{(one.bytes or 0) / 1e6:.0f} MB", False: "-", None: f"see {one.origin}"}
    return (
        _known(one.dim, "{}-d"),
        _known(one.image_size, "{} px"),
        _known(one.parameters and round(one.parameters / 1e6), "{} M"),
        here[one.downloaded],
    )


def _known(value: int | None, form: str) -> str:
    return "unknown" if value is None else form.format(value)


def _table(shown: Sequence[Offered]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column(_HEAD[0], overflow="fold", style="bold")
    for column in _HEAD[1:]:
        table.add_column(column, justify="right", no_wrap=True)
    for one in shown:
        table.add_row(*map(Text, (one.name, *_facts(one))))
    Console().print(table)
