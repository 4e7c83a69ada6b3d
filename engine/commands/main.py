"""The command line. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from engine.commands.align import align
from engine.commands.bench import bench
from engine.commands.classify import classify, evaluate
from engine.commands.curate.copies import duplicates, leaks, semdedup
from engine.commands.curate.files import alignment, captions, mislabeled, quality
from engine.commands.curate.group import curate, undo
from engine.commands.curate.select import select
from engine.commands.curate.sets import clusters, outliers
from engine.commands.exchange import export_command, import_command
from engine.commands.models import models
from engine.commands.options import (
    AnyPath,
    Messages,
    backend_option,
    complain,
    device_option,
    json_option,
    library_option,
    open_library,
    wait_option,
    warn,
)
from engine.commands.search import search, similar
from engine.commands.spaces import spaces
from engine.errors import PathNotFound, SensoriumError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


class _Group(click.Group):
    """Turns Sensorium's errors into one line and their exit code."""

    def main(self, *args: Any, **extra: Any) -> Any:
        try:
            return super().main(*args, **extra)
        except OSError as error:
            # Errors of the library and of media are translated where they happen, so
            # one of a full disk that arrives here comes from printing.
            if error.errno not in _FULL:
                raise
            _drop_output()
            complain(f"the output cannot be written: {os.strerror(error.errno).lower()}")
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        # A run that is asked to end commits what it has finished, however it is asked.
        # Only the main thread may say so; in another, the process is someone else's.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            return super().invoke(ctx)
        except SensoriumError as error:
            complain(str(error))
            ctx.exit(error.exit_code)
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            _drop_output()
            ctx.exit(0)


def _drop_output() -> None:
    """Let stdout forget what nobody takes, which Python would try to write at exit."""
    with suppress(OSError, ValueError):  # a stream that is no file holds nothing back
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sensorium")
def main() -> None:
    """Find moments in your pictures, videos and sounds by words, offline."""


@main.command()
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
    from engine.commands import output
    from engine.commands import spaces as show_spaces
    from engine.commands.progress import progress
    from engine.library import Library

    if not paths and (add_space is None or dry_run):
        raise click.MissingParameter(param_hint="'PATH...'", param_type="argument")
    if dry_run:
        report = Library.preview(paths, library, encoder=encoder, catalog=catalog)
        output.report(report, as_json=as_json)
        return
    _must_exist(paths)
    made = Library.open(library, create=bool(paths), encoder=encoder, catalog=catalog)
    with made as opened:
        if paths:
            with progress() as seen:
                report = opened.index(
                    paths, retry=retry, wait=wait, progress=seen, reporting=Messages()
                )
            # A command prints one JSON object, and of two things done the second is it.
            output.report(report, as_json=as_json and add_space is None)
        if add_space is not None:
            with progress() as seen:
                filled = opened.spaces.add(
                    add_space, wait=wait, progress=seen, reporting=Messages()
                )
            show_spaces.filled(filled, as_json=as_json)
        warn(opened)


main.add_command(align)
main.add_command(search)
main.add_command(similar)
main.add_command(models)
main.add_command(bench)
main.add_command(spaces)
main.add_command(export_command)
main.add_command(import_command)
main.add_command(curate)
for _command in (
    duplicates, semdedup, leaks, outliers, clusters, quality, captions, mislabeled, select,
):  # fmt: skip
    curate.add_command(_command)
curate.add_command(alignment, "alignment")
main.add_command(undo)
main.add_command(classify)
main.add_command(evaluate)
main.add_command(classify)
main.add_command(evaluate)


@main.command()
@library_option
@json_option
def stats(library: Path | None, as_json: bool) -> None:
    """Count what the library holds."""
    from engine.commands import output

    with open_library(library) as opened:
        output.stats(opened, as_json=as_json)
        warn(opened)


@main.command()
@click.option("--retry", is_flag=True, help="Try them again, and forget those that are gone.")
@wait_option
@library_option
@json_option
def failures(retry: bool, wait: bool, library: Path | None, as_json: bool) -> None:
    """List the files that could not be indexed, and why."""
    from engine.commands import output
    from engine.commands.progress import progress

    with open_library(library) as opened:
        if retry:
            with progress() as seen:
                output.report(opened.retry(wait=wait, progress=seen), as_json=as_json)
        else:
            output.failures(opened.failures(), as_json=as_json)
        warn(opened)


@main.command()
@click.argument("path", type=AnyPath())
@wait_option
@library_option
@json_option
def remove(path: str, wait: bool, library: Path | None, as_json: bool) -> None:
    """Forget PATH, a file or a folder. The files themselves are not touched.

    To take them in again, index them again.
    """
    from engine.commands import output

    if not path:
        raise PathNotFound("an empty path: name a file or a folder")
    with open_library(library) as opened:
        output.removed(opened.remove(path, wait=wait), path, as_json=as_json)


@main.command()
@click.option("--deep", is_flag=True, help="Read everything: every checksum and every vector.")
@library_option
@json_option
def verify(deep: bool, library: Path | None, as_json: bool) -> None:
    """Check the library against itself. Exits with 1 when something is wrong."""
    from engine.commands import output

    with open_library(library) as opened:
        verdict = opened.verify(deep=deep)
        warn(opened)
    output.verdict(verdict, as_json=as_json)
    if verdict.problems:
        click.get_current_context().exit(1)


@main.command()
@device_option
@wait_option
@library_option
@json_option
def rebuild(wait: bool, library: Path | None, as_json: bool) -> None:
    """Make again what derives from catalog and vectors: full text, indexes, backgrounds."""
    from engine.commands import output

    with open_library(library) as opened:
        output.rebuilt(opened.rebuild(wait=wait, progress=Messages()), as_json=as_json)
        warn(opened)


@main.command()
@wait_option
@library_option
@json_option
def compact(wait: bool, library: Path | None, as_json: bool) -> None:
    """Drop the vectors of what was deleted, and merge small files.

    `sensorium index` does it by itself when many small files have come together.
    """
    from engine.commands import output

    with open_library(library) as opened:
        output.compacted(opened.compact(wait=wait), as_json=as_json)
        warn(opened)


@main.command()
@library_option
@json_option
def doctor(library: Path | None, as_json: bool) -> None:
    """Check what is installed, and whether the library can be used.

    Exits with 1 when something that is needed is missing.
    """
    from engine.commands import doctor as checks
    from engine.commands import output

    found = checks.examine(library)
    output.doctor(found, as_json=as_json)
    if not all(check.ok or check.optional for check in found):
        click.get_current_context().exit(1)


def _must_exist(paths: tuple[str, ...]) -> None:
    """Refuse before a new library is made."""
    for path in paths:
        if not path or not _exists(path):
            shown = path or "an empty path"  # which would mean the current folder
            raise PathNotFound(f"{shown}: there is no such file or folder")


def _exists(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except (OSError, RuntimeError):  # a name too long, or the home of nobody
        return False


if __name__ == "__main__":
    main()
