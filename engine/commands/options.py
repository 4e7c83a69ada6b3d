"""The pieces that commands share: options, settings, how they open a library and complain."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import click

from engine.commands.output.json_output import print_json as print_json
from engine.common.choices import BACKENDS, DEVICES, KIND_WORDS, closest_choice
from engine.common.text import printable
from engine.common.user_path import existing, expanded, is_url
from engine.errors import SensoriumError

if TYPE_CHECKING:
    from engine.config import Settings
    from engine.library.facade import Library

Command = TypeVar("Command", bound=Callable[..., Any])
JSON_ASKED = "sensorium.json"
"""Key of ``Context.meta``: whether the command prints JSON."""
TYPED = "sensorium.typed"
"""Key of ``Context.meta``: the words that were typed."""
_SETTINGS = "sensorium.settings"
"""Key of ``Context.meta``: variables of the environment that options stand in for."""


class _WarningLines(logging.Handler):
    """Prints log records, a line each, beside the results."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "engine.store.store":
            return  # a library keeps those, and ``warn`` prints them
        line = " ".join(record.getMessage().split())
        if record.levelno < logging.WARNING:
            say(line)
        else:
            complain(f"warning: {line}")


@contextmanager
def printed_warnings() -> Iterator[None]:
    """Print what the engine logs while in the block: nothing that it passes over is silent."""
    log, lines = logging.getLogger("engine"), _WarningLines()
    log.addHandler(lines)
    try:
        yield
    finally:
        log.removeHandler(lines)


class AnyPath(click.Path):
    """A path that the system can look up, whether or not anything is there."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path as it was typed, once the system can look it up."""
        if not is_url(value):
            expanded(value)
        return super().convert(value, param, ctx)


def choice_of(names: type[StrEnum]) -> click.Choice[str]:
    """Return the choice of an option whose values are those of an enum."""
    return _Choice(tuple(name.value for name in names))


class _Choice(click.Choice[str]):
    """A choice whose error names the nearest of its values."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None = None) -> str:
        """Return click's message, with the value that was probably meant."""
        del ctx  # whose command has no part in it
        message = f"{value!r} is not one of {', '.join(map(repr, self.choices))}"
        typed = str(value).lower()
        if set(typed.split(",")) <= set(self.choices):
            return f"{message}; give the option once for each"
        word = KIND_WORDS.get(typed)
        near = word if word in self.choices else closest_choice(typed, self.choices)
        return f"{message}; did you mean {near}?" if near else message


def library_option(command: Command) -> Command:
    """Add the option that names a library."""
    return click.option(
        "--library",
        type=AnyPath(path_type=Path),
        envvar="SENSORIUM_LIBRARY",
        help="Folder of the library  [default: $SENSORIUM_LIBRARY, else your data folder]",
    )(command)


def _ask_json(ctx: click.Context, _: click.Parameter, asked: bool) -> bool:
    ctx.meta[JSON_ASKED] = asked
    return asked


def json_option(command: Command) -> Command:
    """Add the option for output that programs read."""
    return click.option(
        "--json", "as_json", is_flag=True, callback=_ask_json, help="Print one JSON object."
    )(command)


def absolute_option(command: Command) -> Command:
    """Add the option that prints whole paths."""
    return click.option(
        "--absolute",
        is_flag=True,
        help="Print whole paths. Otherwise those below the current folder begin there, on a"
        " terminal and in a pipe alike; in JSON every path is whole.",
    )(command)


def wait_option(command: Command) -> Command:
    """Add the option that waits for another writer."""
    return click.option(
        "--wait", is_flag=True, help="Wait for another writer instead of giving up."
    )(command)


def _set_device(ctx: click.Context, __: click.Parameter, device: str | None) -> None:
    _set(ctx, "SENSORIUM_DEVICE", device)


def device_option(command: Command) -> Command:
    """Add the option that says where indexes are."""
    return click.option(
        "--device",
        type=click.Choice(DEVICES),
        expose_value=False,
        callback=_set_device,
        help="Where indexes are made and searched  [default: $SENSORIUM_DEVICE, else auto: a GPU"
        " where faiss-gpu has one]",
    )(command)


def _set_backend(ctx: click.Context, __: click.Parameter, backend: str | None) -> None:
    _set(ctx, "SENSORIUM_BACKEND", backend)
    _log_backends()


def _log_backends() -> None:
    """Print when backends are tried, which takes a while, and when one is refused."""
    logging.getLogger("engine.encoders.runtime").setLevel(logging.INFO)


def backend_option(command: Command) -> Command:
    """Add the option that says what runs a CLIP model."""
    return click.option(
        "--backend",
        type=click.Choice(BACKENDS),
        expose_value=False,
        callback=_set_backend,
        help="What runs a CLIP model  [default: $SENSORIUM_BACKEND, else auto: a GPU where"
        " PyTorch has one, else torch, torch-bf16 or onnx, whichever a short measurement finds"
        " fastest]",
    )(command)


def _set(ctx: click.Context, variable: str, value: str | None) -> None:
    """Let an option stand in for a variable of the environment, in this command alone."""
    if value is not None:
        ctx.meta.setdefault(_SETTINGS, {})[variable] = value


def options_in_place(ctx: click.Context) -> dict[str, str]:
    """Return the variables of the environment that options of the command stand in for."""
    changes: dict[str, str] = ctx.meta.get(_SETTINGS, {})
    return changes


def settings() -> Settings:
    """Return the settings of the file and the environment, changed by options of this command."""
    from engine.config import Settings

    ctx = click.get_current_context(True)
    changes = {} if ctx is None else options_in_place(ctx)
    return Settings.load({**os.environ, **changes})


def open_library(library: Path | None) -> Library:
    """Open the library of a command."""
    from engine.library.facade import Library

    return Library.open(library, settings=settings())


@contextmanager
def open_or_borrow(library: Path | None) -> Iterator[Library]:
    """Open the library of a command about given files alone, which has to have none.

    One that is named must exist. Where there is none at the usual place, an empty one stands in
    for it and is gone with the command: nobody has to index a folder to transcribe a file.
    """
    from engine.errors import LibraryNotFound
    from engine.library.facade import Library

    try:
        opened = open_library(library)
    except LibraryNotFound:
        if library is not None:
            raise
        with TemporaryDirectory(prefix="sensorium-") as folder:
            place = Path(folder) / "library"
            with Library.open(place, create=True, settings=settings()) as borrowed:
                yield borrowed
        return
    with opened:
        yield opened


def warn(library: Library) -> None:
    """Print the repairs that opening a library made."""
    from engine.commands.wording import with_commands

    for warning in library.warnings:
        complain(f"warning: {with_commands(warning)}")


def suggest_languages(library: Library) -> None:
    """Print how a library that understands English alone gets more languages."""
    if (way := library.spaces.way_to_more_languages()) is not None:
        say(way)


def must_exist(paths: Sequence[str]) -> None:
    """Raise ``PathNotFound`` unless all paths exist, before a new library is made."""
    for path in paths:
        existing(path)


def typed_command() -> str:
    """Return the command as it was typed, quoted so that a shell runs it again."""
    return shlex.join(["sensorium", *sys.argv[1:]])


def say(line: str) -> None:
    """Print a line beside the results."""
    click.echo(line, err=True)


def complain(line: str) -> None:
    """Print one line on stderr, whatever the names of files in it are made of."""
    click.echo(f"sensorium: {printable(line)}", err=True)


def report_error(ctx: click.Context, error: SensoriumError) -> None:
    """Print an error as a line, and as JSON where that was asked."""
    from engine.commands.wording import worded

    message = worded(error, ctx)
    complain(message)
    if ctx.meta.get(JSON_ASKED):
        document = {"code": error.code, "message": message, "retryable": error.retryable}
        print_json({"error": document})
