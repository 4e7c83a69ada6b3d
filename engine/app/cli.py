"""The command line. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from engine.errors import PathNotFound, SensoriumError

if TYPE_CHECKING:
    from engine.library import Library

_Command = TypeVar("_Command", bound=Callable[..., Any])
_KINDS = ("image", "video", "audio")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

_SHOWN = 80
"""Characters of a name that is too long for the system, and so for a line."""


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
            _complain(f"the output cannot be written: {os.strerror(error.errno).lower()}")
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        # A run that is asked to end commits what it has finished, however it is asked.
        # Only the main thread may say so; in another, the process is someone else's.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            return super().invoke(ctx)
        except SensoriumError as error:
            _complain(str(error))
            ctx.exit(error.exit_code)
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            _drop_output()
            ctx.exit(0)


def _drop_output() -> None:
    """Let stdout forget what nobody takes, which Python would try to write at exit."""
    with suppress(OSError, ValueError):  # a stream that is no file holds nothing back
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(line: str) -> None:
    """One line on stderr, whatever the names of files in it are made of."""
    from engine.store.paths import printable

    click.echo(f"sensorium: {printable(line)}", err=True)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sensorium")
def main() -> None:
    """Find moments in your pictures, videos and sounds by words, offline."""


class _Path(click.Path):
    """A path that the system can look up, whether or not anything is there."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path: Any = super().convert(value, param, ctx)
        try:
            Path(path).expanduser().lstat()
        except RuntimeError:  # the home of nobody
            raise PathNotFound(f"{path}: there is no such home folder") from None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise PathNotFound(f"{str(path)[:_SHOWN]}…: the name is too long") from None
        return path


def _library_option(command: _Command) -> _Command:
    return click.option(
        "--library",
        type=_Path(path_type=Path),
        envvar="SENSORIUM_LIBRARY",
        help="Folder of the library  [default: $SENSORIUM_LIBRARY, else your data folder]",
    )(command)


def _json_option(command: _Command) -> _Command:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def _wait_option(command: _Command) -> _Command:
    return click.option(
        "--wait", is_flag=True, help="Wait for another writer instead of giving up."
    )(command)


def _set_device(_: click.Context, __: click.Parameter, device: str | None) -> None:
    if device is not None:
        os.environ["SENSORIUM_DEVICE"] = device  # where the settings are read from


def _device_option(command: _Command) -> _Command:
    return click.option(
        "--device",
        type=click.Choice(("auto", "cpu", "cuda")),
        expose_value=False,
        callback=_set_device,
        help="Where indexes are made and searched  [default: $SENSORIUM_DEVICE, else auto: a GPU"
        " where faiss-gpu has one]",
    )(command)


def _hit_options(command: _Command) -> _Command:
    """What search and similar share."""
    for option in (
        _json_option,
        _device_option,
        _library_option,
        click.option(
            "-f",
            "--filepath-only",
            is_flag=True,
            help="Print only the files' paths, one a line. A path with line ends or other"
            " control characters is printed as a JSON string, in double quotes.",
        ),
        click.option("-t", "--top", default=10, show_default=True, help="How many hits at most."),
        click.option(
            "--kind",
            "kinds",
            type=click.Choice(_KINDS),
            multiple=True,
            help="Only files of this kind, which is what the content is and not what the name"
            " says: an .mp4 with nothing but sound is audio. May be repeated.",
        ),
    ):
        command = option(command)
    return command


@main.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@_library_option
@click.option(
    "--encoder",
    metavar="NAME",
    help="Of a new library: compact (default), open_clip:MODEL/PRETRAINED, or a model's folder.",
)
@click.option(
    "--catalog",
    metavar="URL",
    help="Of a new library: postgresql+psycopg://USER@HOST/DATABASE, to have the catalog on a"
    " server. A password comes from PGPASSWORD or ~/.pgpass.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@click.option("--retry", is_flag=True, help="Try files again that failed before.")
@_device_option
@_wait_option
@_json_option
def index(
    paths: tuple[str, ...],
    library: Path | None,
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
    from engine.app import show
    from engine.app.progress import progress
    from engine.library import Library

    if dry_run:
        report = Library.preview(paths, library, encoder=encoder, catalog=catalog)
    else:
        _must_exist(paths)
        made = Library.open(library, create=True, encoder=encoder, catalog=catalog)
        with made as opened, progress() as seen:
            report = opened.index(paths, retry=retry, wait=wait, progress=seen, said=_said)
            _warn(opened)
    show.report(report, as_json=as_json)


@main.command()
@click.argument("text", required=False)
@click.option("--image", type=_Path(), help="An example picture.")
@click.option("--audio", type=_Path(), help="An example sound.")
@click.option("--not", "exclude", metavar="TEXT", multiple=True, help="What you do not want.")
@_hit_options
def search(
    text: str | None,
    image: str | None,
    audio: str | None,
    exclude: tuple[str, ...],
    kinds: tuple[str, ...],
    top: int,
    filepath_only: bool,
    library: Path | None,
    as_json: bool,
) -> None:
    """Find moments by TEXT, by an example, or by both."""
    from engine.app import show

    with _open(library) as opened:
        result = opened.search(
            text, image=image, audio=audio, exclude=exclude, kinds=kinds, top=top
        )
        _warn(opened)
    show.hits(result, as_json=as_json, filepath_only=filepath_only)


@main.command()
@click.argument("file", type=_Path())
@_hit_options
def similar(
    file: str,
    kinds: tuple[str, ...],
    top: int,
    filepath_only: bool,
    library: Path | None,
    as_json: bool,
) -> None:
    """Find moments that look or sound like FILE, which need not be in the library."""
    from engine.app import show

    with _open(library) as opened:
        result = opened.similar(file, kinds=kinds, top=top)
        _warn(opened)
    show.hits(result, as_json=as_json, filepath_only=filepath_only)


@main.command()
@_library_option
@_json_option
def stats(library: Path | None, as_json: bool) -> None:
    """Count what the library holds."""
    from engine.app import show

    with _open(library) as opened:
        show.stats(opened, as_json=as_json)
        _warn(opened)


@main.command()
@click.option("--retry", is_flag=True, help="Try them again, and forget those that are gone.")
@_wait_option
@_library_option
@_json_option
def failures(retry: bool, wait: bool, library: Path | None, as_json: bool) -> None:
    """List the files that could not be indexed, and why."""
    from engine.app import show
    from engine.app.progress import progress

    with _open(library) as opened:
        if retry:
            with progress() as seen:
                show.report(opened.retry(wait=wait, progress=seen), as_json=as_json)
        else:
            show.failures(opened.failures(), as_json=as_json)
        _warn(opened)


@main.command()
@click.argument("path", type=_Path())
@_wait_option
@_library_option
@_json_option
def remove(path: str, wait: bool, library: Path | None, as_json: bool) -> None:
    """Forget PATH, a file or a folder. The files themselves are not touched.

    To take them in again, index them again.
    """
    from engine.app import show

    if not path:
        raise PathNotFound("an empty path: name a file or a folder")
    with _open(library) as opened:
        show.removed(opened.remove(path, wait=wait), path, as_json=as_json)


@main.command()
@click.option("--deep", is_flag=True, help="Read everything: every checksum and every vector.")
@_library_option
@_json_option
def verify(deep: bool, library: Path | None, as_json: bool) -> None:
    """Check the library against itself. Exits with 1 when something is wrong."""
    from engine.app import show

    with _open(library) as opened:
        verdict = opened.verify(deep=deep)
        _warn(opened)
    show.verdict(verdict, as_json=as_json)
    if verdict.problems:
        click.get_current_context().exit(1)


@main.command()
@_device_option
@_wait_option
@_library_option
@_json_option
def rebuild(wait: bool, library: Path | None, as_json: bool) -> None:
    """Make again what derives from catalog and vectors: full text, indexes, backgrounds."""
    from engine.app import show

    with _open(library) as opened:
        show.rebuilt(opened.rebuild(wait=wait, said=_said), as_json=as_json)
        _warn(opened)


@main.command()
@_wait_option
@_library_option
@_json_option
def compact(wait: bool, library: Path | None, as_json: bool) -> None:
    """Drop the vectors of what was deleted, and merge small files.

    `sensorium index` does it by itself when many small files have come together.
    """
    from engine.app import show

    with _open(library) as opened:
        show.compacted(opened.compact(wait=wait), as_json=as_json)
        _warn(opened)


@main.command()
@_library_option
@_json_option
def doctor(library: Path | None, as_json: bool) -> None:
    """Check what is installed, and whether the library can be used.

    Exits with 1 when something that is needed is missing.
    """
    from engine.app import doctor as checks
    from engine.app import show

    found = checks.examine(library)
    show.doctor(found, as_json=as_json)
    if not all(check.ok or check.optional for check in found):
        click.get_current_context().exit(1)


def _said(line: str) -> None:
    """Tell what takes long, beside the results."""
    click.echo(line, err=True)


def _open(library: Path | None) -> Library:
    from engine.library import Library

    return Library.open(library)


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


def _warn(library: Library) -> None:
    for warning in library.store.warnings:
        _complain(f"warning: {warning}")


if __name__ == "__main__":
    main()
