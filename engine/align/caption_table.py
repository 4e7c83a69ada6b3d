"""Reading of tables of captioned pictures: CSV, TSV, JSON Lines and Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.common.file_state import os_reason
from engine.common.user_path import expanded, resolved
from engine.errors import PathNotFound, UsageError

_PATH, _CAPTION = ("path", "file"), "caption"
_JSON = (".jsonl", ".ndjson")
_PARQUET = (".parquet", ".pq")


def read_captions(source: str | Path) -> dict[Path, list[str]]:
    """Read the captions of pictures, by the paths of the pictures.

    A picture that has several captions has several lines. What lacks a path or a caption is
    passed over. Paths are relative to the table's folder.

    Raises:
        PathNotFound: there is no such file.
        UsageError: it cannot be read, or lacks a column.
    """
    table = expanded(source)
    if not table.is_file():
        raise PathNotFound(f"{table}: there is no such file")
    found: dict[Path, dict[str, None]] = {}
    try:
        for row in _rows(table):
            path = next((str(row[name]) for name in _PATH if row.get(name)), "")
            caption = " ".join(str(row.get(_CAPTION) or "").split())
            if path and caption:
                found.setdefault(resolved(table.parent / path), {})[caption] = None
    except OSError as error:
        raise UsageError(f"cannot read {table}: {os_reason(error)}") from error
    if not found:
        raise UsageError(
            f"{table} has no captions; write a CSV, TSV, .jsonl or .parquet with the columns path"
            " and caption"
        )
    return {path: list(captions) for path, captions in found.items()}


def _rows(table: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the rows by their columns."""
    suffix = table.suffix.lower()
    if suffix in _PARQUET:
        yield from _of_parquet(table)
    elif suffix in _JSON:
        yield from _of_json_lines(table)
    else:
        yield from _of_text(table, "\t" if suffix in (".tsv", ".tab") else ",")


def _of_text(table: Path, delimiter: str) -> Iterator[Mapping[str, Any]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, delimiter=delimiter)
            _check_columns(table, reader.fieldnames or ())
            yield from reader
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table} is no table in UTF-8: {error}") from error


def _of_json_lines(table: Path) -> Iterator[Mapping[str, Any]]:
    with table.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UsageError(f"{table}:{number} is no JSON: {error}") from error
            if not isinstance(row, dict):
                raise UsageError(f"{table}:{number} is no object with path and caption")
            yield row


def _of_parquet(table: Path) -> Iterator[Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(table) as file:
            names = file.schema_arrow.names
            _check_columns(table, names)
            wanted = [name for name in (*_PATH, _CAPTION) if name in names]
            for batch in file.iter_batches(columns=wanted):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise UsageError(f"{table} is no Parquet file: {error}") from error


def _check_columns(table: Path, names: Any) -> None:
    if _CAPTION not in names or not any(name in names for name in _PATH):
        raise UsageError(f"{table} must have the columns path and caption")
