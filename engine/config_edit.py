"""Changes of the file of settings that leave comments, order and blank lines as they are.

A line is put in, replaced or taken out where the statements of the document say that it is, and
what comes of it is read again: where that is not the same document with the one change, nothing
is written. A library that writes TOML would bring no lines for messages, which the reading of
statements is for; with these, a change is this file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.common.atomic_write import write_text
from engine.config_file import Statement, parse_config, read_text, statements
from engine.errors import UsageError

Value = bool | int | float | str | Sequence[str]


def set_key(path: Path, key: str, value: Value) -> None:
    """Write ``key = value`` into the file, which is made where it is not there.

    Args:
        key: the name of a setting, or of an option below the names of its command:
            ``threads``, ``search.top``.

    Raises:
        UsageError: the file is broken, cannot be written, or says the key in a way that cannot
            be changed by line.
    """
    text = read_text(path)
    parse_config(path, text)
    found = _find(text, key)
    line = f"{key.rpartition('.')[2]} = {_literal(value)}"
    changed = _put_in(text, key, line) if found is None else _replaced(text, found, value)
    _write(path, text, changed, key, value)


def unset_key(path: Path, key: str) -> bool:
    """Take a key out of the file, and return whether it was there.

    Raises:
        UsageError: as ``set_key``.
    """
    text = read_text(path)
    parse_config(path, text)
    found = _find(text, key)
    if found is None:
        return False
    lines = text.split("\n")
    del lines[found.first - 1 : found.last]
    _write(path, text, "\n".join(lines), key, None)
    return True


def _find(text: str, key: str) -> Statement | None:
    return next((part for part in statements(text) if key in part.keys), None)


def _replaced(text: str, found: Statement, value: Value) -> str:
    """Put another value into a statement; its name, indentation and comment stay."""
    lines = text.split("\n")
    name, _, _ = lines[found.first - 1].partition("=")
    comment = _comment(lines[found.last - 1]) if found.first == found.last else ""
    lines[found.first - 1 : found.last] = [f"{name.rstrip()} = {_literal(value)}{comment}"]
    return "\n".join(lines)


def _comment(line: str) -> str:
    """Return the comment at the end of a statement, with the space before it."""
    import tomllib

    for place, character in enumerate(line):
        if character == "#":
            try:
                tomllib.loads(line[:place])
            except tomllib.TOMLDecodeError:
                continue  # a # within a string
            before = line[:place].rstrip()
            return line[len(before) :].rstrip("\r")
    return ""


def _put_in(text: str, key: str, line: str) -> str:
    """Put a line at the end of its table, which is made where it is not there."""
    table = key.rpartition(".")[0]
    lines = text.split("\n")
    parts = list(statements(text))
    inside = [part.last for part in parts if part.table == table]
    if inside:
        lines.insert(inside[-1], line)
    elif table:
        lines = [*text.rstrip("\n").split("\n"), "", f"[{table}]", line, ""]
    elif parts:  # tables alone: before the first, and what is written above it
        first = parts[0].first
        while first > 1 and lines[first - 2].lstrip().startswith("#"):
            first -= 1
        lines[first - 1 : first - 1] = [line, ""]
    else:
        lines = [*filter(None, [text.rstrip("\n")]), line, ""]
    return "\n".join(lines).lstrip("\n")


def _literal(value: Value) -> str:
    """Return a value as TOML writes it; strings are those of JSON, whose escapes TOML has."""
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    return f"[{', '.join(map(_literal, value))}]"


def _write(path: Path, before: str, after: str, key: str, value: Value | None) -> None:
    """Write the text, once it says what the old one did and the one change."""
    import tomllib

    wanted = tomllib.loads(before)
    _change(wanted, key.split("."), value)
    try:
        same = _without_empty(tomllib.loads(after)) == _without_empty(wanted)
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise UsageError(
            f"{path}: {key} stands there in a way that is not changed by line; change it with"
            " `sensorium config edit`"
        )
    real = Path(os.path.realpath(path))  # a link, as of people who keep such files elsewhere
    real.parent.mkdir(parents=True, exist_ok=True)
    write_text(real, after)


def _change(document: dict[str, Any], names: Sequence[str], value: Value | None) -> None:
    for name in names[:-1]:
        document = document.setdefault(name, {})
    if value is None:
        document.pop(names[-1], None)
    else:
        document[names[-1]] = list(value) if isinstance(value, list | tuple) else value


def _without_empty(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without its empty tables, which say nothing."""
    kept = {k: _without_empty(v) if isinstance(v, dict) else v for k, v in document.items()}
    return {k: v for k, v in kept.items() if v != {}}
