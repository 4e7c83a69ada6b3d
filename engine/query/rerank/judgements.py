"""Read judgements: which files of a library answer a query."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path, PurePath

from engine.common.file_state import os_reason
from engine.common.user_path import expanded
from engine.errors import PathNotFound, UsageError


def read_judgements(source: str | Path) -> dict[str, frozenset[str]]:
    """Return the paths that answer each query, by its text.

    The table is a CSV or TSV with the columns query and path, a line for each answer. A path
    may be whole, or its last parts.

    Raises:
        PathNotFound: there is no such file.
        UsageError: it cannot be read, or has no judgements.
    """
    table = expanded(source)
    if not table.is_file():
        raise PathNotFound(f"{table}: there is no such file")
    found: dict[str, set[str]] = {}
    try:
        with table.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            separator = "\t" if table.suffix.lower() in (".tsv", ".tab") else ","
            for row in csv.DictReader(file, delimiter=separator):
                query, path = (row.get("query") or "").strip(), (row.get("path") or "").strip()
                if query and path:
                    found.setdefault(query, set()).add(path)
    except (OSError, csv.Error) as error:
        reason = os_reason(error) if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot read {table}: {reason}") from error
    if not found:
        raise UsageError(
            f"{table} has no judgements; write a CSV with the columns query and path, a line for"
            " each file that answers a query"
        )
    return {query: frozenset(paths) for query, paths in found.items()}


def is_relevant(path: str, answers: Collection[str]) -> bool:
    """Tell whether a file is among the answers: its whole path is, or its last parts are."""
    parts = PurePath(path).parts
    return any(parts[-len(PurePath(a).parts) :] == PurePath(a).parts for a in answers)
