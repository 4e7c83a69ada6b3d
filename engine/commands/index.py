"""`sensorium index`: bring a library up to date with files and folders."""

from __future__ import annotations

import dataclasses
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.complete import complete_files
from engine.commands.confirmation import is_confirmed
from engine.commands.index_options import (
    print_outcome,
    rule_options,
    rules_of,
    saying_costs,
    saying_how_to_go_on,
)
from engine.commands.options import (
    backend_option,
    device_option,
    json_option,
    library_option,
    must_exist,
    settings,
    suggest_languages,
    wait_option,
    warn,
)
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message
from engine.commands.spaces import print_backfill
from engine.common.progress import noting_what_is_kept
from engine.errors import FilesVanished

if TYPE_CHECKING:
    from engine.common.choices import Vanished
    from engine.library.facade import Library
    from engine.types import IndexReport


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, shell_complete=complete_files)
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
    help="Of a new library: compact-multilingual (default, where it is installed), compact"
    " (English), open_clip:MODEL/PRETRAINED, or whatever else docs/encoders.md names; `sensorium"
    " models` lists them.",
)
@click.option(
    "--catalog",
    metavar="URL",
    help="Of a new library: postgresql+psycopg://USER@HOST/DATABASE, to have the catalog on a"
    " server. A password comes from PGPASSWORD or ~/.pgpass.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@click.option(
    "--keep-missing",
    "vanished",
    flag_value="keep",
    help="Where a folder turned up empty or most of it is gone, go on: its files are hidden from"
    " searches, and back with their vectors when they are seen again.",
)
@click.option(
    "--forget-missing",
    "vanished",
    flag_value="forget",
    help="Forget what is not there below PATH, also what vanished before and was kept.",
)
@click.option("--retry", is_flag=True, help="Try files again that failed before.")
@rule_options
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
    vanished: str | None,
    retry: bool,
    wait: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """Bring the library level with files and folders.

    New and changed files are read, moved ones keep their vectors, and those that
    are gone are forgotten; what vanishes in bulk, as with a disk that is not
    mounted, is kept as missing, and back at once when it is seen again. A file
    that cannot be read costs one line and is listed by `sensorium failures`; the
    others are unaffected.
    """
    if not paths and (add_space is None or dry_run):
        raise click.MissingParameter(param_hint="'PATH...'", param_type="argument")
    names: dict[str, Any] = {"encoder": encoder, "catalog": catalog}
    with saying_how_to_go_on(), ExitStack() as stack:
        with noting_what_is_kept(lambda: "nothing was indexed yet; to go on"):
            from engine.library.facade import Library

            on_file = print_outcome if verbose else None
            asked: dict[str, Any] = {**rules_of(options), "on_file": on_file}
            if not dry_run:
                must_exist(paths)
                opened = stack.enter_context(
                    Library.open(library, create=bool(paths), settings=settings(), **names)
                )
        if dry_run:
            report = Library.preview(paths, library, settings=settings(), **names, **asked)
            print_report(report, as_json=as_json, quiet=quiet)
            return
        stack.enter_context(saying_costs(opened, quiet=quiet))
        if paths:
            asked |= {"retry": retry, "wait": wait, "progress": not quiet}
            report = _index(opened, paths, vanished, asked)
            # A command prints one JSON object, and of two things done the second is it.
            print_report(report, as_json=as_json and add_space is None, quiet=quiet)
        if add_space is not None:
            filled = opened.spaces.add(add_space, wait=wait, progress=not quiet)
            if not quiet or as_json:
                print_backfill(filled, as_json=as_json)
        if not quiet:
            suggest_languages(opened)
        warn(opened)


def _index(
    opened: Library, paths: tuple[str, ...], vanished: str | None, asked: dict[str, Any]
) -> IndexReport:
    """Index, and ask on a terminal where most files of a folder are not there."""
    how: Vanished = "keep" if vanished == "keep" else "forget" if vanished else "refuse"
    try:
        return opened.index(paths, vanished=how, **asked)
    except FilesVanished as question:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        words = f"{question.gone} of the {question.known} files below {question.root} are not"
        words += " there. Go on, and keep them hidden until they are back?"
        if not _confirmed(words):
            raise
    return opened.index(paths, vanished="keep", **asked)


def _confirmed(question: str) -> bool:
    """Ask on the terminal; Ctrl-C and Ctrl-D are a no."""
    try:
        return is_confirmed(question)
    except click.Abort:
        click.echo(err=True)
        return False


def print_report(done: IndexReport, *, as_json: bool, quiet: bool = False) -> None:
    """Print what a run of ``index`` did; failures go to stderr, a line each."""
    for failure in done.failures:
        print_message(f"{failure.path}: {failure.reason}", err=True)
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    if not quiet:
        click.echo(str(done))
    # Failures of earlier runs are no news to whoever asked for silence, as a nightly job does.
    if not done.dry_run and (done.failures if quiet else done.failed):
        click.echo("see `sensorium failures`", err=True)
