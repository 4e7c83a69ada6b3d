"""Messages of the engine, which speak of arguments, in the words of the command line."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import partial

import click

from engine.errors import SensoriumError


def worded(error: SensoriumError, ctx: click.Context) -> str:
    """Return the message of an error with options in the place of its arguments.

    ``top=5`` becomes ``--top 5``, ``retry=True`` becomes ``--retry``, and ``image=`` with
    nothing behind it ``--image``. Only arguments that the error names are replaced.

    Args:
        ctx: of the whole command line, which knows what command ran.
    """
    message = with_commands(str(error))
    options = dict(_options(ctx)) if error.arguments else {}
    for name in error.arguments:
        for value, option in _OPTIONS.get(name, {}).items():
            message = message.replace(f"{name}={value}", option)
        if name in options:
            message = _replaced(message, name, options[name])
    return message


def with_commands(line: str) -> str:
    """Return a line of the engine with commands in the place of the calls that it names."""
    for call, command in _CALLS.items():
        line = line.replace(call, command)
    for call, command in _CALLS_WITH_TEXT.items():
        line = re.sub(call, partial(_command_of, command=command), line)
    return line


_OPTIONS = {
    "vanished": {"'keep'": "--keep-missing", "'forget'": "--forget-missing"},
    "vectors": {"False": "--no-vectors"},
    "path": {"": "--library"},
}
"""Arguments whose options are called otherwise, or are one for each value."""
_CALLS = {
    "library.index(PATH)": "sensorium index PATH",
    "library.stats()": "sensorium stats",
    "library.curate.runs()": "sensorium curate runs",
    "Library.forget_lost()": "sensorium rebuild --forget-lost",
}
"""Calls that messages name as a way out, and the commands that do the same."""
_TEXT = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALLS_WITH_TEXT = {
    rf"library\.spaces\.add\({_TEXT}\)": "sensorium index --add-space ",
    rf"library\.index\({_TEXT}\)": "sensorium index ",
    rf"Library\.open\({_TEXT}, create=True\)": "sensorium index PATH --library ",
}
"""Calls with a text in them, which is the last word of the command."""


def _command_of(call: re.Match[str], command: str) -> str:
    return command + shlex.quote(ast.literal_eval(call[1]))


def _replaced(message: str, name: str, option: str) -> str:
    def put(found: re.Match[str]) -> str:
        value = found[1]
        return option if value in (None, "True") else f"{option} {value}"

    return re.sub(rf"(?<![\w-]){name}=([\w.\"'<>/-]+)?", put, message)


def _options(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """Yield the options of the command that ran, and of a group's commands, by argument."""
    name = ctx.invoked_subcommand
    if name is None or not isinstance(ctx.command, click.Group):
        return
    command = ctx.command.get_command(ctx, name)
    commands = [command] if command else []
    if isinstance(command, click.Group):
        commands += [found for n in command.commands if (found := command.get_command(ctx, n))]
    for found in commands:
        for parameter in found.params:
            if parameter.name is not None:
                yield parameter.name, _shown(parameter)


def _shown(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return (parameter.human_readable_name or "").strip("[].")
