"""`sensorium models`: the encoders that there are, and fetching one ahead."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.commands.options import json_option, say, settings
from engine.commands.output.json_output import print_json
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
    """List the encoders that a library can have, fetch one ahead, or test one.

    Beside these, --encoder takes any st:NAME, clap:NAME, pe-av:NAME, http:URL#MODEL and
    hf-hub:ORG/NAME, a model's folder, and a checkpoint as open_clip:MODEL/./FILE;
    docs/encoders.md has all of it.
    """
    if ctx.invoked_subcommand is None:
        _show(downloaded, as_json)
    elif downloaded or as_json:
        raise UsageError("--downloaded and --json belong to `sensorium models list`")


@models.command("list")
@_downloaded_option
@click.option(
    "--role", metavar="ROLE",
    help="Instead, the models that write, see or speak: chat, captioner, speaker ...; or all.",
)  # fmt: skip
@json_option
def list_(downloaded: bool, role: str | None, as_json: bool) -> None:
    """List the encoders, with what is known of them without a network.

    A line is a name, the vectors' dimension, the side of the pictures, the number of
    parameters, and the size of what is on disk.
    """
    if role is None:
        _show(downloaded, as_json)
    else:
        _show_roles(None if role == "all" else role, as_json)


@models.command("test")
@click.argument("name")
@click.option("--role", metavar="ROLE", help="The role, where a name may have several.")
@json_option
def test(name: str, role: str | None, as_json: bool) -> None:
    """Load the model NAME, have it embed or answer, and say its speed and memory."""
    from engine.model_trial import try_model

    trial = try_model(name, role, settings())
    if as_json:
        print_json(dataclasses.asdict(trial))
        return
    click.echo(f"{trial.name}, {trial.role}: {trial.answer}")
    click.echo(
        f"{trial.loading:.2f} s with its loading, {trial.seconds:.2f} s then;"
        f" {trial.memory / 2**20:.0f} MiB"
    )
    if trial.spent is not None:
        say(f"{trial.name}: {trial.spent}")


@models.command()
@click.argument("name")
def pull(name: str) -> None:
    """Fetch all that the model NAME needs, to use it later without a network.

    NAME is an encoder, or local:qwen, a language model of 1.1 GB that runs here.
    """
    from engine.models import fetch_model

    click.echo(f"{fetch_model(name, settings(), progress=True)} is on this machine")


def _show_roles(role: str | None, as_json: bool) -> None:
    from engine.models import list_roles

    found = list_roles(role)
    if as_json:
        names = ("role", "form", "extra", "licence", "about", "ran_on")
        print_json({"models": [{name: getattr(each, name) for name in names} for each in found]})
        return
    for each in found:
        click.echo("\t".join((each.role, each.form, each.licence, each.about)))


def _show(downloaded: bool, as_json: bool) -> None:
    from engine.models import list_models

    shown = list_models(downloaded=downloaded)
    if as_json:
        document = {"models": [dataclasses.asdict(model) for model in shown]}
        print_json(document)
    elif sys.stdout.isatty():
        _table(shown)
    else:
        for model in shown:
            click.echo("\t".join((model.name, *_facts(model))))


def _facts(model: Offered) -> tuple[str, ...]:
    """Return dimension, side, parameters, and what is on disk, for people."""
    size = f"{(model.bytes or 0) / 1e6:.0f} MB"
    here = {True: size, False: "-", None: f"see {model.origin}"}
    return (
        _known(model.dim, "{}-d"),
        _known(model.image_size, "{} px"),
        _known(model.parameters and round(model.parameters / 1e6), "{} M"),
        here[model.downloaded],
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
    for model in shown:
        table.add_row(*map(Text, (model.name, *_facts(model))))
    Console().print(table)
