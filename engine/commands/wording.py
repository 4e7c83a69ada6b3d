"""Messages of the engine, which speak of arguments, in the words of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from engine.errors import SensoriumError, UsageError


def worded(error: SensoriumError, ctx: click.Context) -> str:
    """Return the message of an error with options in the place of its arguments.

    ``top=5`` becomes ``--top 5``, ``retry=True`` becomes ``--retry``, and ``image=`` with
    nothing behind it ``--image``. Only arguments that the error names are replaced.

    Args:
        ctx: of the whole command line, which knows what command ran.
    """
    message = str(error)
    names = error.arguments if isinstance(error, UsageError) else ()
    options = dict(_options(ctx)) if names else {}
    for name in names:
        if name in options:
            message = _replaced(message, name, options[name])
    return message


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
