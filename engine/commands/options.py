"""What commands share: their options, how they open a library, and how they complain."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
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


class _Lines(logging.Handler):
    """What is logged, as one line beside the results."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


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


def _set_backend(_: click.Context, __: click.Parameter, backend: str | None) -> None:
    if backend is not None:
        os.environ["SENSORIUM_BACKEND"] = backend  # where the settings are read from
    _tell_of_backends()


def _tell_of_backends() -> None:
    """Have it said when backends are tried, which takes a while, and when one is refused."""
    log = logging.getLogger("engine.encoders.runtime")
    if not log.handlers:
        log.addHandler(_Lines())
        log.setLevel(logging.INFO)


def backend_option(command: Command) -> Command:
    """What runs a CLIP model."""
    return click.option(
        "--backend",
        type=click.Choice(("auto", "torch", "torch-bf16", "onnx", "onnx-int8")),
        expose_value=False,
        callback=_set_backend,
        help="What runs a CLIP model  [default: $SENSORIUM_BACKEND, else auto: a GPU where"
        " PyTorch has one, else torch, torch-bf16 or onnx, whichever a short measurement finds"
        " fastest]",
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


class Messages:
    """A ``Progress`` that shows the messages alone, each a line beside the results."""

    def start(self, task: str, total: int | None = None, unit: str = "files") -> None:
        """Show nothing of a task."""

    def advance(self, items: int = 1, *, moments: int = 0) -> None:
        """Show nothing of items."""

    def message(self, text: str) -> None:
        """Show one line."""
        say(text)


def complain(line: str) -> None:
    """One line on stderr, whatever the names of files in it are made of."""
    from engine.store.paths import printable

    click.echo(f"sensorium: {printable(line)}", err=True)


def print_json(document: object) -> None:
    """One JSON object, laid out for a person where one looks at it."""
    click.echo(json.dumps(document, indent=2 if sys.stdout.isatty() else None))
