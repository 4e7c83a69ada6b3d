"""`sensorium config`: the settings, where each comes from, and the file of settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from engine.commands import command_defaults
from engine.commands.command_defaults import CommandDefault
from engine.commands.complete import complete_settings
from engine.commands.options import (
    backend_option,
    device_option,
    json_option,
    library_option,
    options_in_place,
    say,
)
from engine.commands.output.json_output import print_json
from engine.commands.output.text import print_message
from engine.common.text import aligned, printable
from engine.errors import UsageError

_TEMPLATE = """\
# Settings of Sensorium. Every line may go; `sensorium config list` has all of them.
# library = "~/Pictures/photos.library"
# threads = 4

# Tables have defaults for the options of a command.
# [search]
# top = 20
# group = "asset"
"""


@click.group()
def config() -> None:
    """Show and change settings, and defaults of commands.

    A setting is an option if it is given, else its variable of the environment
    (SENSORIUM_THREADS), else what the file of settings says, else its default. Options of a
    command have defaults, too: `sensorium config set search.top 20`.
    """


@config.command()
def path() -> None:
    """Print where the file of settings is, or would be."""
    from engine.config_file import config_path

    print_message(str(config_path()))


@config.command("list")
@click.argument("prefix", required=False, shell_complete=complete_settings)
@library_option
@device_option
@backend_option
@json_option
@click.pass_context
def list_(ctx: click.Context, prefix: str | None, library: Path | None, as_json: bool) -> None:
    """List settings with where each comes from: an option, the environment, a line of the file.

    With PREFIX, such as `search`, all that can be set of a command is listed.
    """
    shown = list(_known(ctx, prefix, library))
    if prefix and not shown:
        command_defaults.find_option(_root(ctx), prefix)
    if as_json:
        print_json({"settings": [_document(each) for each in shown]})
        return
    rows = [tuple(map(printable, (e.key, _text(e.value), e.source))) for e in shown]
    for line in aligned(rows) if sys.stdout.isatty() and rows else map("\t".join, rows):
        click.echo(line)


@config.command()
@click.argument("key", shell_complete=complete_settings)
@click.pass_context
def get(ctx: click.Context, key: str) -> None:
    """Print the value of a KEY, such as threads or search.top."""
    name = _name(key)
    found = {each.key: each for each in _known(ctx, name, None)}
    if name not in found:
        command_defaults.find_option(_root(ctx), name)
        raise UsageError(f"{name} has no value")
    value = found[name].value
    for each in value if isinstance(value, list | tuple) else [value]:
        print_message(_text(each))


@config.command("set")
@click.argument("key", shell_complete=complete_settings)
@click.argument("values", metavar="VALUE...", nargs=-1, required=True)
@click.pass_context
def set_(ctx: click.Context, key: str, values: tuple[str, ...]) -> None:
    """Write a VALUE of a KEY into the file of settings; its comments stay.

    An option that may be repeated takes several: `sensorium config set search.kind image video`.
    """
    from engine.config_edit import set_key
    from engine.config_file import config_path, field_names, parse_config, read_text

    name, file = _name(key), config_path()
    if name in field_names():
        value = _setting(name, values)
    else:
        option = command_defaults.find_option(_root(ctx), name)
        value = command_defaults.checked_words(option, values, name)
    set_key(file, name, value)
    place = parse_config(file, read_text(file)).place(name)
    click.echo(f"{name} = {_text(value)} is in {place}")
    if os.environ.get(variable := command_defaults.variable_of(name)):
        say(f"{variable} of the environment goes before it")


@config.command()
@click.argument("key", shell_complete=complete_settings)
@click.pass_context
def unset(ctx: click.Context, key: str) -> None:
    """Take a KEY out of the file of settings, so that its default holds again."""
    from engine.config_edit import unset_key
    from engine.config_file import config_path, field_names

    name, file = _name(key), config_path()
    if unset_key(file, name):
        click.echo(f"{name} is no longer in {file}")
        return
    if name not in field_names():
        command_defaults.find_option(_root(ctx), name)
    click.echo(f"{name} is not in {file}, and its default holds")


@config.command()
@click.pass_context
def edit(ctx: click.Context) -> None:
    """Open the file of settings in your editor ($VISUAL or $EDITOR), and check it after."""
    from engine.config_file import config_path

    file = config_path()
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_TEMPLATE, encoding="utf-8")
    click.edit(filename=str(file))
    changed = sum(each.source.startswith(str(file)) for each in _known(ctx, None, None))
    say(f"{file} can be read, and sets {changed} thing{'' if changed == 1 else 's'}")


def _known(ctx: click.Context, prefix: str | None, library: Path | None) -> Iterator[Any]:
    """Yield settings and defaults with their sources; all of a command that PREFIX names."""
    from engine.config_file import SettingSource, read_config, setting_sources

    read, root = read_config(), _root(ctx)
    command_defaults.check_tables(root, read)
    given = options_in_place(ctx) | ({"SENSORIUM_LIBRARY": str(library)} if library else {})
    for each in setting_sources(read, {**os.environ, **given}):
        variable = command_defaults.variable_of(each.key)
        if variable in given and (each.key != "library" or _was_given(ctx, "library")):
            each = SettingSource(each.key, each.value, f"option --{each.key}")
        if prefix is None or each.key == prefix:
            yield each
    for name, command in command_defaults.leaves(root):
        found = {e.key: e for e in command_defaults.defaults_of(name, command, read, os.environ)}
        for option, parameter in command_defaults.options_of(command).items():
            key = f"{name}.{option}"
            asked = prefix is not None and f"{key}.".startswith(f"{prefix}.")
            if key in found and (prefix is None or asked):
                yield found[key]
            elif asked:
                yield CommandDefault(key, _default(parameter), "default")


def _default(option: click.Option) -> Any:
    """Return the default of an option as --help shows it; nothing for one that is off."""
    value = option.to_info_dict().get("default")
    plain = isinstance(value, bool | int | float | str | list | tuple)
    return value if plain else None


def _was_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _root(ctx: click.Context) -> click.Group:
    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    return root


def _name(key: str) -> str:
    """Return a key as the file has it: names of variables of the environment are taken, too."""
    if key.startswith("SENSORIUM_"):
        return key.removeprefix("SENSORIUM_").lower()
    table, dot, last = key.rpartition(".")
    return f"{table}{dot}{last.replace('_', '-')}" if dot else key.replace("-", "_")


def _setting(name: str, values: tuple[str, ...]) -> bool | int | float | str:
    """Return what was typed as the value of a setting; a path becomes absolute."""
    from engine.config import parse_value

    if len(values) != 1:
        raise UsageError(f"{name} takes one value, not {len(values)}; quote what has spaces")
    value = parse_value(name, values[0], name)
    if isinstance(value, Path):
        return values[0] if values[0].startswith("~") else str(value.absolute())
    assert isinstance(value, bool | int | float | str)
    return value


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _document(each: Any) -> dict[str, Any]:
    value = str(each.value) if isinstance(each.value, Path) else each.value
    return {"key": each.key, "value": value, "source": each.source}
