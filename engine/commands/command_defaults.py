"""Defaults of commands' options: those of the file of settings, and of the environment.

An option that is given goes first, then ``SENSORIUM_SEARCH_TOP`` of the environment, then
``top`` in the table ``[search]`` of the file, then the default that ``--help`` shows.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.config_file import ConfigFile

_EVERYWHERE = frozenset({"library", "device", "backend"})
"""Options that stand in for a setting of all commands."""
_EACH_TIME = frozenset({
    "all", "apply", "as-json", "dry-run", "forget-missing", "help", "install", "json",
    "keep-missing", "retry", "show", "undo", "wait", "yes",
})  # fmt: skip
"""Options that are about one call: a default of theirs would surprise, or change files."""
UNCHECKED = frozenset({"completion", "config", "help", "man"})
"""Commands that run whatever the file of settings says: with them it is mended."""


@dataclass(frozen=True, slots=True)
class CommandDefault:
    """The default of an option, and where it comes from."""

    key: str
    """Names of the command and of the option, with dots: ``search.top``."""
    value: Any
    source: str


def option_name(option: click.Parameter) -> str:
    """Return what an option is called in the file: its longest name, without dashes."""
    return max(option.opts, key=len).lstrip("-")


def options_of(command: click.Command) -> dict[str, click.Option]:
    """Return the options of a command whose defaults can be set, by their names."""
    named = {option_name(p): p for p in command.params if isinstance(p, click.Option)}
    return {
        name: option
        for name, option in named.items()
        if name not in _EACH_TIME | _EVERYWHERE
        and not (option.is_flag and not option.is_bool_flag)  # several flags for one value
    }


def leaves(command: click.Command, names: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield the commands that do something, by their names with dots."""
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            if (child := command.get_command(ctx, name)) is not None:
                yield from leaves(child, (*names, name))
    if names and options_of(command):
        yield ".".join(names), command


def defaults_of(
    name: str, command: click.Command, read: ConfigFile, environ: Mapping[str, str]
) -> list[CommandDefault]:
    """Return the defaults that are set for a command.

    Raises:
        UsageError: the file has an option that there is not, or a value that cannot be.
    """
    table = _table(read.tables, name.split("."))
    options = options_of(command)
    found = {}
    for key, value in table.items():
        if isinstance(value, dict) and isinstance(command, click.Group):
            continue  # of a command below it
        place = read.place(f"{name}.{key}")
        option = options.get(key.replace("_", "-"))
        if option is None:
            raise UsageError(f"{place}: {_no_option(name, command, key)}")
        typed = _checked(option, value, f"{place}: {name}.{key} = {value!r}")
        found[option_name(option)] = CommandDefault(f"{name}.{option_name(option)}", typed, place)
    for key, option in options.items():
        variable = variable_of(f"{name}.{key}")
        if raw := environ.get(variable):
            shown = f"environment {variable}"
            typed = _checked(option, _words(option, raw, variable), f"{variable}={raw!r}")
            found[key] = CommandDefault(f"{name}.{key}", typed, shown)
    return list(found.values())


def use_defaults(
    ctx: click.Context, name: str, command: click.Command, typed: Sequence[str]
) -> None:
    """Let the command line use the defaults that are set for a command and for those below it.

    Args:
        typed: the arguments of the command; help is shown whatever the file says.

    Raises:
        UsageError: as ``defaults_of``; or a table is called after no command.
    """
    from engine.config_file import read_config

    if name in UNCHECKED or not set(ctx.help_option_names).isdisjoint(typed):
        return
    assert isinstance(ctx.command, click.Group)
    read = read_config()
    check_tables(ctx.command, read)
    ctx.default_map = {name: _map_of(name, command, read, os.environ)}


def _map_of(
    name: str, command: click.Command, read: ConfigFile, environ: Mapping[str, str]
) -> dict[str, Any]:
    options = options_of(command)
    made: dict[str, Any] = {
        str(options[each.key.rpartition(".")[2]].name): each.value
        for each in defaults_of(name, command, read, environ)
    }
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for child in command.list_commands(ctx):
            if (found := command.get_command(ctx, child)) is not None:
                made[child] = _map_of(f"{name}.{child}", found, read, environ)
    return made


def check_tables(root: click.Group, read: ConfigFile) -> None:
    """Refuse a table that is called after no command.

    Raises:
        UsageError: there is one.
    """
    known = root.list_commands(click.Context(root))
    for table in read.tables:
        if table not in known:
            line = next((key for key in read.lines if key.startswith(f"{table}.")), table)
            raise UsageError(
                f"{read.place(line)}: there is no command {table!r} to have defaults;"
                f" {nearest(table, known, '`sensorium --help` has all of them')}"
            )


def find_option(root: click.Group, key: str) -> click.Option:
    """Return the option of a key such as ``search.top``.

    Raises:
        UsageError: there is none, or it has no default to set; the line has the way out.
    """
    name, _, option = key.rpartition(".")
    option = option.replace("_", "-")
    commands = dict(leaves(root))
    if not name:
        users = [each for each, command in commands.items() if option in options_of(command)]
        if users:
            example = "search" if "search" in users else users[0]
            raise UsageError(
                f"{option} is an option of {', '.join(users)}; say whose it is: {example}.{option}"
            )
        from engine.config_file import field_names

        known = (*field_names(), *commands)
        way = nearest(key, known, "`sensorium config list` has all of them")
        raise UsageError(f"there is no setting {key!r}; {way}")
    if name not in commands:
        way = nearest(name, list(commands), "`sensorium --help` has all of them")
        raise UsageError(f"there is no command {name!r} to have defaults; {way}")
    found = options_of(commands[name]).get(option)
    if found is None:
        raise UsageError(_no_option(name, commands[name], option))
    return found


def checked_words(option: click.Option, words: Sequence[str], key: str) -> Any:
    """Return what was typed as the default of an option, as the file has it.

    Raises:
        UsageError: it is none.
    """
    if not option.multiple and len(words) != 1:
        raise UsageError(f"{key} takes one value, not {len(words)}")
    value = list(words) if option.multiple else words[0]
    typed = _checked(option, value, f"{key}={' '.join(words)}")
    return typed if isinstance(typed, bool | int | float | str) else value


def variable_of(key: str) -> str:
    """Return the environment variable of a key."""
    return "SENSORIUM_" + key.upper().replace(".", "_").replace("-", "_")


def nearest(name: str, known: Sequence[str], otherwise: str) -> str:
    """Return which of the known names was meant, as a question, or what to do otherwise."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else otherwise


def _table(tables: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Any]:
    for name in names:
        below = tables.get(name, {})
        tables = below if isinstance(below, dict) else {}
    return tables


def _no_option(name: str, command: click.Command, key: str) -> str:
    key = key.replace("_", "-")
    if key in _EVERYWHERE:
        return f"{key} is a setting of all commands: {key}, and not {name}.{key}"
    if key in _EACH_TIME:
        return f"--{key} is about one call, and has no default to set"
    known = options_of(command)
    way = nearest(key, list(known), f"`sensorium config list {name}` has all of them")
    return f"{name.replace('.', ' ')} has no option {key!r} to set; {way}"


def _words(option: click.Option, raw: str, variable: str) -> Any:
    try:
        return shlex.split(raw) if option.multiple else raw
    except ValueError:
        raise UsageError(f"{variable}={raw!r}: a quote is not closed") from None


def _checked(option: click.Option, value: Any, shown: str) -> Any:
    """Return a value as the option takes it, with a list of what may be repeated.

    Raises:
        UsageError: the option does not take it.
    """
    if option.multiple:
        value = [str(each) for each in (value if isinstance(value, list) else [value])]
    elif isinstance(value, list | dict):
        raise UsageError(f"{shown}: --{option_name(option)} takes one value")
    elif option.is_flag and not isinstance(value, bool | str):
        raise UsageError(f"{shown} is not true or false")
    elif not isinstance(value, bool | int | float):
        value = str(value)  # dates of TOML among them
    try:
        typed = option.type_cast_value(click.Context(click.Command("")), value)
    except click.BadParameter as error:
        wrong = " ".join(error.message.split()).removesuffix(".")
        raise UsageError(f"{shown}: {wrong}") from None
    # Other types, such as weights, are read again by click from what was written.
    return typed if isinstance(typed, bool | int | float | str) else value
