"""Record runs with their findings, in the catalog and as files for other programs.

The rows are what is true; LIBRARY/curation/RUN.parquet says the same for pandas and its
like. Its paths are those of the catalog: a byte that is not UTF-8 is U+001A and two
hexadecimal digits.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from engine.common.arrow_table import flat_table
from engine.common.atomic_write import check_place, whole, written
from engine.errors import UsageError
from engine.store import Store
from engine.store.curation_records import CURATION_FOLDER, Finding, Run
from engine.store.error_translation import translated
from engine.store.paths import storable, to_text

__all__ = [
    "FOLDER",
    "NAMES",
    "Finding",
    "Run",
    "check_out",
    "record",
    "write",
    "write_copy",
    "write_parquet",
]

FOLDER = CURATION_FOLDER
_ROWS_PER_GROUP = 20_000
"""Findings that are written to Parquet at a time."""
NAMES = ("asset_id", "moment_id", "path", "verdict", "group", "score", "why")
"""Columns of a table of findings."""


def record(
    store: Store,
    kind: str,
    command: str,
    settings: Mapping[str, Any],
    found: Sequence[Finding],
    *,
    generation: int,
    out: Path | None = None,
    wait: bool = False,
) -> Run:
    """Record a run and its findings.

    Args:
        settings: all that decided it, as JSON can hold it.
        generation: at which the library was looked at.
        out: one more file, of the kind that its suffix says.

    Raises:
        UsageError: ``out`` cannot be written; nothing is kept then.
        LibraryBusy: another process writes.
    """
    if out is not None:
        check_out(out)
        write(out, found)
    with store.writer(wait=wait) as writer:
        run = writer.curation.add_run(kind, command, settings, found, generation)
    write_copy(store, run, found)
    return run


def write_copy(store: Store, run: Run, found: Sequence[Finding]) -> None:
    """Write the findings of a run into the library's folder, for other programs."""
    folder = store.path / FOLDER
    with translated(store.path):
        folder.mkdir(exist_ok=True)
        with whole(folder / f"{run.run_id}.parquet") as unfinished:
            _parquet(unfinished, found)


def check_out(out: Path) -> None:
    """Check that findings can be written to a file, before anything is computed.

    Raises:
        UsageError: the suffix is of no kind that is known, or there is no such folder.
    """
    if out.suffix.lower() not in _WRITERS:
        raise UsageError(f"{out}: findings are written as {', '.join(_WRITERS)}")
    check_place(out)


def write(out: Path, found: Iterable[Finding]) -> None:
    """Write findings as Parquet, CSV or JSON lines; the file appears whole, or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    check_out(out)
    with written(out) as unfinished:
        _WRITERS[out.suffix.lower()](unfinished, found)


def write_parquet(out: Path, found: Iterable[Finding]) -> None:
    """Write findings as Parquet, whatever the suffix; the file appears whole, or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    with written(out) as unfinished:
        _parquet(unfinished, found)


def _rows(found: Iterable[Finding]) -> Iterator[dict[str, Any]]:
    for finding in found:
        # The reason may name another file, whose bytes no format of these takes.
        yield asdict(finding) | {"path": to_text(finding.path), "why": storable(finding.why)}


def _parquet(file: Path, found: Iterable[Finding]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = (pa.int64(), pa.int64(), pa.string(), pa.string(), pa.int64(), pa.float64())
    schema = pa.schema(list(zip(NAMES, (*kinds, pa.string()), strict=True)))
    rows = _rows(found)
    # As a stream: pyarrow takes no name that is not UTF-8.
    with file.open("wb") as stream, pq.ParquetWriter(stream, schema) as writer:
        while part := list(islice(rows, _ROWS_PER_GROUP)):
            writer.write_table(flat_table(part, schema))


def _csv(file: Path, found: Iterable[Finding]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, NAMES)
        writer.writeheader()
        writer.writerows(_rows(found))


def _lines(file: Path, found: Iterable[Finding]) -> None:
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in _rows(found))


_WRITERS: dict[str, Callable[[Path, Iterable[Finding]], None]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _lines,
}
