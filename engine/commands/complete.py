"""Words that complete what is being typed: filters, tags, folders, taught names, settings.

Each is a ``shell_complete`` of click. They are asked at each press of the Tab key, so that
nothing is imported here that takes long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.common.query_fields import FIELD_MEANINGS, FIELD_VALUES

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMPARED = re.compile(
    r"(\w+)\s*(?:=|!=|<=|>=|<|>|\bhas\b|\blike\b|\bin\b)\s*(?:\(?[^()]*,\s*)?([^\s(),]*)$"
)
_OPERATORS = {
    "kind": ("=", "!=", "in"), "tags": ("has",), "path": ("like", "="), "speech": ("=",),
    "screen": ("=",), "place": ("in",),
}  # fmt: skip
_ORDERS = ("=", "<", "<=", ">", ">=")
_JOINING = ("and", "or", "not")
_QUOTED = re.compile(r"[\s\"(),]")
"""Signs for which a path is put in quotes in a query."""


def complete_query(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete the last word of a query: a field, the value of one, or a name that was taught."""
    before, word = _last_word(typed)
    field, colon, value = word.partition(":")
    sign = field[: len(field) - len(field.lstrip("-+"))]
    if colon:
        values = _values(ctx, field.lstrip("-+").lower(), value)
        return _items(f"{before}{field}:{each}" for each in values)
    if word.startswith((".", "/", "~")):
        return _files(typed)
    names = (f"{before}{sign}{name}" for name in _names(ctx, word[len(sign) :]))
    fields = {f"{before}{sign}{name}": says for name, says in FIELD_MEANINGS.items()}
    return _items(names, "a name that was taught") + [
        each
        for key, says in fields.items()
        if key.startswith(typed)
        for each in _items([key], says)
    ]


def complete_filter(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete the last word of an expression of `--where`: a field, an operator, a value."""
    compared = _COMPARED.search(typed)
    if compared:
        before = typed[: compared.start(2)]
        values = _values(ctx, compared[1].lower(), compared[2], ": ")
        return _items(before + each for each in values)
    before, word = _last_word(typed)
    last = before.split()[-1].lower().lstrip("(") if before.split() else ""
    other = ("after:", "before:", "near:")
    fields = [name.rstrip(":") for name in FIELD_MEANINGS if name not in other]
    if last in fields:
        words: Iterable[str] = _OPERATORS.get(last, _ORDERS)
    elif not last or last in _JOINING:
        words = [*fields, "not"]
    else:
        words = _JOINING[:2]
    return _items(before + each for each in words if each.startswith(word.lower()))


def complete_names(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete a name that the library was taught."""
    return _items(_names(ctx, typed))


def complete_settings(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete the key of a setting, or of an option's default below its command."""
    from engine.commands.command_defaults import leaves, options_of
    from engine.config_file import field_names

    root = ctx.find_root().command
    keys = list(field_names())
    if isinstance(root, click.Group) and "." in typed:
        keys = [f"{name}.{key}" for name, each in leaves(root) for key in options_of(each)]
    elif isinstance(root, click.Group):
        keys += [f"{name}." for name in root.list_commands(ctx)]
    return _items(key for key in keys if key.startswith(typed))


def complete_topics(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete a topic of help, or a command."""
    from engine.commands.topics import TOPICS

    root = ctx.find_root().command
    commands = root.list_commands(ctx) if isinstance(root, click.Group) else []
    return _items(name for name in (*TOPICS, *commands) if name.startswith(typed))


def complete_files(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """Let the shell complete names of files."""
    return _files(typed)


def _files(typed: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(typed, type="file")]


def _items(values: Iterable[str], says: str = "") -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(value, help=says or None) for value in values]


def _last_word(typed: str) -> tuple[str, str]:
    """Return what stands before the last word, and that word."""
    end = len(typed) - len(typed.split(" ")[-1])
    return typed[:end], typed[end:]


def _values(ctx: click.Context, field: str, start: str, breaks: str = ":") -> Iterator[str]:
    """Yield values of a field that begin with what was typed."""
    if field in ("tag", "tags"):
        from engine.completion_words import read_tags

        quoted = start.startswith('"')
        for tag in read_tags(_library(ctx), start.lstrip('"')):
            yield f'"{tag}"' if quoted or " " in tag or breaks.strip() in tag else tag
    elif field == "path":
        for path in _paths(ctx, start.lstrip('"')):
            yield f'"{path}"' if start.startswith('"') or _QUOTED.search(path) else path
    else:
        yield from (each for each in FIELD_VALUES.get(field, ()) if each.startswith(start.lower()))


def _paths(ctx: click.Context, start: str) -> Iterator[str]:
    """Yield folders and files of the library, or of the disk where one says where that begins."""
    if not start.startswith((".", "/", "~")):
        from engine.completion_words import read_places

        yield from read_places(_library(ctx), start)
        return
    folder, _, name = start.rpartition("/")
    with suppress(OSError, RuntimeError):
        for each in sorted(Path(f"{folder}/" if folder else "/").expanduser().iterdir()):
            shown = not each.name.startswith(".") or name.startswith(".")
            if "/" in start and shown and each.name.startswith(name):
                yield f"{folder}/{each.name}{'/' if each.is_dir() else ''}"


def _names(ctx: click.Context, start: str) -> Iterator[str]:
    from engine.completion_words import read_names

    with suppress(OSError):
        for name in read_names(_library(ctx)):
            if name.lower().startswith(start.lower()):
                yield name


def _library(ctx: click.Context) -> Path:
    """Return the library of the command that is being typed."""
    given = ctx.params.get("library")
    if given is None:
        from engine.config import Settings
        from engine.errors import SensoriumError

        try:
            return Settings.load().library
        except SensoriumError:
            return Settings().library
    with suppress(RuntimeError):
        return Path(given).expanduser()
    return Path(given)
