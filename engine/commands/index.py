"""`sensorium index`: bring a library up to date with files and folders."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.options import (
    backend_option,
    device_option,
    json_option,
    library_option,
    must_exist,
    settings,
    wait_option,
    warn,
)
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message
from engine.commands.spaces import print_backfill

if TYPE_CHECKING:
    from engine.types import IndexReport


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1)
@library_option
@click.option(
    "--add-space",
    metavar="ENCODER",
    help="Fill a second space from the files that are indexed, while the first one serves; a"
    " run that was cut off goes on. Needs no PATH.",
)
@click.option(
    "--encoder",
    metavar="NAME",
    help="Of a new library: compact (default), open_clip:MODEL/PRETRAINED, or whatever else"
    " docs/encoders.md names; `sensorium models` lists them.",
)
@click.option(
    "--catalog",
    metavar="URL",
    help="Of a new library: postgresql+psycopg://USER@HOST/DATABASE, to have the catalog on a"
    " server. A password comes from PGPASSWORD or ~/.pgpass.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@click.option("--retry", is_flag=True, help="Try files again that failed before.")
@backend_option
@device_option
@wait_option
@json_option
def index(
    paths: tuple[str, ...],
    library: Path | None,
    add_space: str | None,
    encoder: str | None,
    catalog: str | None,
    dry_run: bool,
    retry: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """Bring the library level with files and folders.

    New and changed files are read, moved ones keep their vectors, and those that
    are gone are forgotten. A file that cannot be read costs one line and is
    listed by `sensorium failures`; the others are unaffected.
    """
    from engine.library import Library

    if not paths and (add_space is None or dry_run):
        raise click.MissingParameter(param_hint="'PATH...'", param_type="argument")
    names = {"encoder": encoder, "catalog": catalog}
    if dry_run:
        report = Library.preview(paths, library, settings=settings(), **names)
        print_report(report, as_json=as_json)
        return
    must_exist(paths)
    made = Library.open(library, create=bool(paths), settings=settings(), **names)
    with made as opened:
        if paths:
            report = opened.index(paths, retry=retry, wait=wait, progress=True)
            # A command prints one JSON object, and of two things done the second is it.
            print_report(report, as_json=as_json and add_space is None)
        if add_space is not None:
            filled = opened.spaces.add(add_space, wait=wait, progress=True)
            print_backfill(filled, as_json=as_json)
        warn(opened)


def print_report(done: IndexReport, *, as_json: bool) -> None:
    """Print what a run of ``index`` did; failures go to stderr, a line each."""
    for failure in done.failures:
        print_message(f"{failure.path}: {failure.reason}", err=True)
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    click.echo(str(done))
    if done.failed and not done.dry_run:
        click.echo("see `sensorium failures`", err=True)
