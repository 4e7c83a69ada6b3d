"""Ways out of calls that are wrong or vague: the command that was meant, in one line."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from engine.commands.options import TYPED
from engine.errors import UsageError

_SAME = {
    "add": "index", "delete": "remove", "dedup": "curate duplicates",
    "dedupe": "curate duplicates", "dupes": "curate duplicates", "find": "search", "fix": "verify",
    "forget": "remove", "grep": "search", "info": "stats", "init": "index", "label": "classify",
    "like": "similar", "list": "search", "ls": "search", "manual": "man", "prefs": "config",
    "query": "search", "rm": "remove", "scan": "index", "settings": "config", "status": "stats",
    "tag": "classify", "update": "index", "version": "--version", "view": "open",
}  # fmt: skip
"""Commands by the names that other programs have for them."""
_SAME_OPTIONS = {
    "limit": "top", "num": "top", "count": "top", "max-count": "top", "max-results": "top",
    "type": "kind", "order": "sort", "sort-by": "sort", "null": "print0", "null-data": "print0",
    "force": "yes", "assume-yes": "yes", "no-confirm": "yes", "just-print": "dry-run",
    "simulate": "dry-run", "ignore": "exclude", "db": "library", "database": "library",
    "silent": "quiet", "format": "json", "output-format": "json", "output": "json",
}  # fmt: skip
"""Options by the names that other programs have for them."""
_SHORT = {
    **dict.fromkeys("nmlc", "--top"), "k": "--kind", "s": "--sort", "o": "--out", "v": "--explain",
    "y": "--yes", "j": "--json", "d": "--library", "w": "--where",
}  # fmt: skip
"""Options by the letters that other programs have for them."""
_FILTERS = {
    **dict.fromkeys(("path", "in", "folder", "dir", "directory"), "path:FOLDER"),
    **dict.fromkeys(("date", "year", "month"), "date:2024-06"), "size": "size:>1mb",
    "before": "before:2024", "until": "before:2024", "after": "after:2024", "since": "after:2024",
    "newer": "after:7d", "duration": "duration:<60", "tag": "tags:beach", "tags": "tags:beach",
    "ext": "path:*.jpg", "extension": "path:*.jpg", "name": "path:*.jpg", "near": "near:51,0,52,1",
}  # fmt: skip
"""Filters of a query by the names of options that people give in their place."""
_COLOURS = frozenset(("color", "colour", "colors", "colours", "no-color", "no-colour"))
_NEAR_OPTION = 0.65
"""The likeness of names of options, from 0 to 1: ``tpo`` and ``top`` are 0.67."""
_NEAR_COMMAND = 0.5
"""The likeness of names of the few commands below another: ``dups`` and ``duplicates`` are 0.57."""
_EXAMPLES = {
    "index": "~/Pictures", "similar": "photo.jpg", "teach": "Rex rex1.jpg rex2.jpg rex3.jpg",
    "remove": "~/Pictures/old", "export": "set/ --format webdataset",
    "import": "set/ --format webdataset", "evaluate": "result.parquet --truth labels.csv",
    "config set": "threads 4", "config get": "threads", "config unset": "threads",
    "concepts forget": "Rex", "concepts rename": "Rex Max", "spaces default": "compact",
    "models pull": "open_clip:ViT-B-32/laion2b_s34b_b79k", "completion": "bash", "open": "1",
    "transcript": "memo.mp3",
    "rerank": "'a dog' photo.jpg 'a puppy'", "transcribe": "memo.mp3",
}  # fmt: skip
"""Arguments that are enough for a command, for people who gave none."""
_DATA = (
    ".jpg", ".jpeg", ".png", ".webp", ".heic", ".gif", ".tiff", ".mp4", ".mov", ".mkv", ".webm",
    ".wav", ".mp3", ".flac", ".ogg", ".m4a",
)  # fmt: skip
"""Ends of names of media, by which a word is taken for a file."""


def meant(group: click.Group, typed: Sequence[str]) -> UsageError:
    """Return the error of a name that is no command, with the command that was probably meant."""
    name, rest = typed[0], list(typed[1:])
    if name.startswith(("/", "./", "../", "~")) or "/" in name or _is_there(name):
        return _path(name, rest)
    known = group.list_commands(click.Context(group))
    if " " in name.strip():
        first = name.split()[0]
        if first in known:  # a whole command in quotes
            return UsageError(
                f"{name!r} is one word to the shell; leave out its quotes: sensorium {name}"
            )
        return _instead(f"{name!r} is no command", ["search", name, *rest])
    if not name.strip():
        return UsageError("an empty command; `sensorium --help` lists the commands")
    way = _SAME.get(name.lower()) or _near(name.lower(), known) or _below(group, name.lower())
    if way:
        return _instead(f"there is no command {name!r}; did you mean", [*way.split(), *rest], "")
    if name.lower().endswith(_DATA):
        return UsageError(
            f"{name}: there is no such file, and no such command; to find what is like a file:"
            f" {_typed(['similar', name])}"
        )
    return _instead(f"there is no command {name!r}; to search for it", ["search", name, *rest])


def option_meant(error: click.NoSuchOption) -> str:
    """Return what to say of an option that there is not, with the one that was probably meant."""
    from difflib import get_close_matches

    typed = error.option_name
    name = typed.lstrip("-").lower()
    if name in _COLOURS:
        return (
            f"No such option {typed!r}: colours are for terminals, and follow NO_COLOR=1,"
            " CLICOLOR=0 and CLICOLOR_FORCE=1"
        )
    if error.ctx is None:
        return error.format_message()
    if (behind := _behind_command(error.ctx, typed)) is not None:
        return behind
    asks = any(parameter.name == "where" for parameter in error.ctx.command.get_params(error.ctx))
    if asks and not typed.startswith("--") and _is_word(error.ctx, typed):
        return (
            f"No such option {typed!r}; what is not wanted goes into quotes with the rest:"
            " sensorium search 'beach -people'"
        )
    if not typed.startswith("--"):
        long = _SHORT.get(typed.lstrip("-"), "")
        has = any(long in parameter.opts for parameter in error.ctx.command.get_params(error.ctx))
        return f"No such option {typed!r}." + f" Did you mean {long!r}?" * has
    known = {
        option.lstrip("-"): option
        for parameter in error.ctx.command.get_params(error.ctx)
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    }
    same = _SAME_OPTIONS.get(name, "")
    if asks and same not in known and name not in known and name in _FILTERS:
        return f"No such option {typed!r}: it is a filter, a word of the query: {_FILTERS[name]}"
    near = [same] if same in known else get_close_matches(name, known, 3, _NEAR_OPTION)
    meant = " or ".join(repr(known[option]) for option in near)
    return f"No such option {typed!r}." + f" Did you mean {meant}?" * bool(meant)


def _behind_command(ctx: click.Context, option: str) -> str | None:
    """Return what to say of an option of a command that stands before it; None of another."""
    typed: Sequence[str] = ctx.find_root().meta.get(TYPED, ())
    if not isinstance(ctx.command, click.Group) or ctx.parent is not None:
        return None
    names = ctx.command.list_commands(ctx)
    at = next((place for place, word in enumerate(typed) if word in names), None)
    command = None if at is None else ctx.command.get_command(ctx, typed[at])
    if at is None or command is None:
        return None
    if not any(option in parameter.opts for parameter in command.params):
        return None
    ordered = [typed[at], *typed[at + 1 :], *typed[:at]]
    return f"{option} goes behind the command: {_typed(ordered)}"


def words_meant(error: click.UsageError) -> str:
    """Return what to say of words that a command has no place for."""
    typed = [] if error.ctx is None else error.ctx.find_root().meta.get(TYPED, ())
    for length in range(len(typed), 1, -1):
        for at in range(len(typed) - length + 1):
            if _is_there(path := " ".join(typed[at : at + length])):
                ordered = [*typed[:at], path, *typed[at + length :]]
                return f"a path with spaces goes into quotes: {_typed(ordered)}"
    return f"{error.format_message().rstrip('.')}; words that belong together go into quotes"


def _is_word(ctx: click.Context, option: str) -> bool:
    """Tell whether an option of one letter was typed as the beginning of a word."""
    typed = ctx.find_root().meta.get(TYPED, ())
    return any(word.startswith(option) and word[2:].isalpha() for word in typed)


def command_meant(error: click.NoSuchCommand) -> str:
    """Return what to say of a command below another that there is not, with the nearest one."""
    from difflib import get_close_matches

    known = error.possibilities or ()
    if error.ctx is not None and isinstance(error.ctx.command, click.Group):
        known = error.ctx.command.list_commands(error.ctx)
    near = get_close_matches(error.command_name.lower(), known, 1, _NEAR_COMMAND)
    meant = f" Did you mean {near[0]!r}?" if near else f" There are {', '.join(known)}."
    return f"No such command {error.command_name!r}.{meant if known else ''}"


def example(command: str) -> str | None:
    """Return how a command is called, for people who gave it no argument; None for others.

    Args:
        command: the path of the command, as ``sensorium index``.
    """
    name = command.partition(" ")[2]
    return f"sensorium {name} {_EXAMPLES[name]}" if name in _EXAMPLES else None


def _path(name: str, rest: list[str]) -> UsageError:
    """Return what to say of a path where a command should be."""
    if not _is_there(name):
        return UsageError(
            f"{name}: there is no such file or folder, and no such command; to take in a folder:"
            " sensorium index FOLDER"
        )
    if _home(name).is_dir():
        return _instead(f"{name} is a folder; to take it in", ["index", name, *rest])
    return _instead(f"{name} is a file; to find what is like it", ["similar", name, *rest])


def _instead(wrong: str, arguments: list[str], colon: str = ":") -> UsageError:
    end = "?" if not colon else ""
    return UsageError(f"{wrong}{colon} {_typed(arguments)}{end}")


def _typed(arguments: list[str]) -> str:
    """Return a command as a shell takes it; a home folder stays short."""
    return " ".join(["sensorium", *(a if _is_home(a) else shlex.quote(a) for a in arguments)])


def _is_home(argument: str) -> bool:
    return argument.startswith("~/") and shlex.quote(argument[2:] or "x") == (argument[2:] or "x")


def _near(name: str, known: Sequence[str]) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, known, n=1)), None)


def _below(group: click.Group, name: str) -> str | None:
    """Return the command of a group of commands that is called so, or nearly so."""
    ctx = click.Context(group)
    for outer in ("curate", "concepts", "spaces", "models", "config"):
        inner = group.get_command(ctx, outer)
        if isinstance(inner, click.Group):
            near = _near(name, inner.list_commands(ctx))
            if near is not None:
                return f"{outer} {near}"
    return None


def _home(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def _is_there(name: str) -> bool:
    try:
        return bool(name) and _home(name).exists()
    except (OSError, ValueError):
        return False
