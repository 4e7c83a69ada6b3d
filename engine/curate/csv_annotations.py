"""Labels or captions of files, read from a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.common.user_path import resolved
from engine.errors import PathNotFound, UsageError
from engine.store import Store

_LONGEST = 2_000
"""Characters of a value that are kept; text towers read fewer."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A label or caption of an asset."""

    asset_id: int
    path: str
    value: str


def read(store: Store, file: Path, column: str) -> dict[int, Annotation]:
    """Read a table with the columns ``path`` and ``column``, by asset.

    A path is absolute, or relative to the table's folder.

    Raises:
        PathNotFound: there is no such file.
        UsageError: it has no such columns, says two things of one file, or names files that
            the library does not hold; the line says which.
    """
    lines = _lines(file, column)
    known = {a.path: a.asset_id for a in store.assets() if a.path in lines}
    missing = [path for path in lines if path not in known]
    if missing:
        line, _ = lines[missing[0]]
        several = f"{len(missing)} files that the library does not hold, the first"
        single = "a file that the library does not hold,"
        raise UsageError(
            f"{file} names {several if len(missing) > 1 else single} in line {line}: {missing[0]};"
            " index them, or leave them out"
        )
    return {known[path]: Annotation(known[path], path, value) for path, (_, value) in lines.items()}


def _lines(file: Path, column: str) -> Mapping[str, tuple[int, str]]:
    """Return line and value by path."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            return _read(csv.DictReader(stream, strict=True), file, column)
    except FileNotFoundError:
        raise PathNotFound(f"{file}: there is no such file") from None
    except (OSError, ValueError, csv.Error) as error:
        reason = (getattr(error, "strerror", None) or " ".join(str(error).split())).lower()
        raise UsageError(f"{file} cannot be read as CSV in UTF-8: {reason}") from error


def _read(rows: csv.DictReader[str], file: Path, column: str) -> Mapping[str, tuple[int, str]]:
    names = rows.fieldnames or ()
    if "path" not in names or column not in names:
        raise UsageError(f"{file} must begin with a line that names the columns path,{column}")
    found: dict[str, tuple[int, str]] = {}
    for row in rows:
        line = rows.line_num
        path, value = (row["path"] or "").strip(), (row[column] or "").strip()
        if not path or not value:
            raise UsageError(f"{file}, line {line}: a path and a {column} are needed")
        try:
            whole = str(resolved(path if path.startswith("~") else file.parent / path))
        except PathNotFound as error:
            raise UsageError(f"{file}, line {line}: {error}") from error
        if found.get(whole, (0, value))[1] != value:
            raise UsageError(
                f"{file}, line {line}: {path} has two of {column}:"
                f" {found[whole][1]!r} and {value!r}"
            )
        found[whole] = line, value[:_LONGEST]
    if not found:
        raise UsageError(f"{file} says nothing of any file")
    return found
