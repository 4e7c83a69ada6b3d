"""What commands share: their options, how they open a library, and how they complain."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from engine.errors import PathNotFound

if TYPE_CHECKING:
    from engine.library import Library

Command = TypeVar("Command", bound=Callable[..., Any])
_SHOWN = 80
"""Characters of a name that is too long for the system, and so for a line."""


class AnyPath(click.Path):
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


def library_option(command: Command) -> Command:
    """Which library."""
    return click.option(
        "--library",
        type=AnyPath(path_type=Path),
        envvar="SENSORIUM_LIBRARY",
        help="Folder of the library  [default: $SENSORIUM_LIBRARY, else your data folder]",
    )(command)


def json_option(command: Command) -> Command:
    """For programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def wait_option(command: Command) -> Command:
    """For another writer."""
    return click.option(
        "--wait", is_flag=True, help="Wait for another writer instead of giving up."
    )(command)


def _set_device(_: click.Context, __: click.Parameter, device: str | None) -> None:
    if device is not None:
        os.environ["SENSORIUM_DEVICE"] = device  # where the settings are read from


def device_option(command: Command) -> Command:
    """Where indexes are."""
    return click.option(
        "--device",
        type=click.Choice(("auto", "cpu", "cuda")),
        expose_value=False,
        callback=_set_device,
        help="Where indexes are made and searched  [default: $SENSORIUM_DEVICE, else auto: a GPU"
        " where faiss-gpu has one]",
    )(command)


def open_library(library: Path | None) -> Library:
    """The library of a command."""
    from engine.library import Library

    return Library.open(library)


def warn(library: Library) -> None:
    """Say what had to be mended."""
    for warning in library.store.warnings:
        complain(f"warning: {warning}")


def say(line: str) -> None:
    """Tell what takes long, beside the results."""
    click.echo(line, err=True)


def complain(line: str) -> None:
    """One line on stderr, whatever the names of files in it are made of."""
    from engine.store.paths import printable

    click.echo(f"sensorium: {printable(line)}", err=True)
