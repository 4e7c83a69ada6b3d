"""Results of a classification, one row for each asset, as Parquet, CSV or JSON lines.

The file appears whole or not at all. Paths are those of the catalog: a byte that is not
UTF-8 is U+001A and two hexadecimal digits.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

from engine.common.atomic_write import written
from engine.common.file_state import os_reason
from engine.common.vectors import chunks
from engine.errors import UsageError
from engine.store.paths import from_text, to_text

_ROW_GROUP = 10_000
"""Rows of a group of a Parquet file."""
_ABOUT = b"sensorium.classify"
SUFFIXES = (".parquet", ".csv", ".jsonl")
EVEN = 0.5
"""The probability from which something is as likely as not."""
NONE = "(none of these)"
"""The name of what is none of the labels, in counts and figures."""


@dataclass(frozen=True, slots=True)
class Result:
    """The labels of one asset."""

    file: str
    kind: str
    label: str | None
    """None where the asset is none of the labels."""
    probability: float
    """Probability of this decision: that it is the label, or that it is none of them."""
    known: float
    """Probability that it is any of the labels."""
    by: str
    """The modality that decided."""
    start: float | None
    """Seconds of the moment that decided, of a video or a sound."""
    end: float | None
    labels: tuple[str, ...]
    """The most probable labels, best first; of independent decisions, those that hold come
    first and are ``chosen``."""
    probabilities: tuple[float, ...]
    chosen: int
    """The number of ``labels``, from the first, that the asset is given."""
    asset_id: int
    moment_id: int


@dataclass(frozen=True, slots=True)
class About:
    """The labels and settings that results were made with."""

    labels: tuple[str, ...]
    multi: bool
    unknown: bool
    settings: Mapping[str, Any]
    complete: bool = True
    """False where a file does not hold all of it, and the labels are those that occur."""


Take: TypeAlias = Callable[[Sequence[Result]], None]


def check_out(out: Path) -> None:
    """Refuse a file that could not be written, before anything is computed.

    Raises:
        UsageError: the suffix is of no kind that is known, or there is no such folder.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{out}: results are written as {', '.join(SUFFIXES)}")
    if not out.parent.is_dir():
        raise UsageError(f"{out}: there is no folder {out.parent}")


@contextmanager
def writing(out: Path, about: About, suffix: str | None = None) -> Iterator[Take]:
    """Take results in batches while in the block, and name the file at its end.

    Args:
        suffix: the format, ``.parquet``, ``.csv`` or ``.jsonl``; None for what ``out`` says.

    Raises:
        UsageError: it cannot be written.
    """
    if suffix is None:
        check_out(out)
    opened = {".parquet": _parquet, ".csv": _csv, ".jsonl": _lines}[suffix or out.suffix.lower()]
    with written(out) as temporary, opened(temporary, about) as take:
        yield take


def _row(result: Result) -> dict[str, Any]:
    row = {spec.name: getattr(result, spec.name) for spec in fields(result)}
    return row | {"file": to_text(result.file)}


@contextmanager
def _parquet(out: Path, about: About) -> Iterator[Take]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(_columns(), metadata={_ABOUT: json.dumps(_metadata(about)).encode()})
    with out.open("wb") as stream, pq.ParquetWriter(stream, schema) as writer:

        def take(rows: Sequence[Result]) -> None:
            for part in chunks(rows, _ROW_GROUP):
                writer.write_table(pa.Table.from_pylist(list(map(_row, part)), schema))

        yield take


def _columns() -> list[tuple[str, Any]]:
    import pyarrow as pa

    kinds = {
        "probability": pa.float32(), "known": pa.float32(), "start": pa.float64(),
        "end": pa.float64(), "labels": pa.list_(pa.string()),
        "probabilities": pa.list_(pa.float32()), "chosen": pa.int32(),
        "asset_id": pa.int64(), "moment_id": pa.int64(),
    }  # fmt: skip
    return [(spec.name, kinds.get(spec.name, pa.string())) for spec in fields(Result)]


def _metadata(about: About) -> dict[str, Any]:
    return {spec.name: getattr(about, spec.name) for spec in fields(about)}


@contextmanager
def _csv(out: Path, _: About) -> Iterator[Take]:
    names = [spec.name for spec in fields(Result)]
    with out.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()

        def take(rows: Sequence[Result]) -> None:
            for result in rows:
                lists = {n: json.dumps(getattr(result, n)) for n in ("labels", "probabilities")}
                writer.writerow(_row(result) | lists)

        yield take


@contextmanager
def _lines(out: Path, _: About) -> Iterator[Take]:
    with out.open("w", encoding="utf-8") as stream:

        def take(rows: Sequence[Result]) -> None:
            stream.writelines(json.dumps(_row(result)) + "\n" for result in rows)

        yield take


# --- reading ------------------------------------------------------------------------


def read(file: Path) -> tuple[list[Result], About]:
    """Read the results of a file that ``writing`` made.

    Raises:
        UsageError: it cannot be read, or is no such file.
    """
    reader = {".parquet": _read_parquet, ".csv": _read_csv, ".jsonl": _read_lines}.get(
        file.suffix.lower()
    )
    if reader is None:
        raise UsageError(f"{file}: results are {', '.join(SUFFIXES)}, made by sensorium classify")
    try:
        rows, about = reader(file)
        results = [_result(row) for row in rows]
    except OSError as error:
        raise UsageError(f"cannot read {file}: {' '.join(os_reason(error).split())}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{file} is no file of results of sensorium classify") from error
    return results, about or _inferred(results)


def _result(row: Mapping[str, Any]) -> Result:
    values = {spec.name: row[spec.name] for spec in fields(Result)}
    lists = {name: tuple(values[name]) for name in ("labels", "probabilities")}
    return Result(**values | lists | {"file": from_text(values["file"])})


def _inferred(results: Iterable[Result]) -> About:
    """Infer the labels and the mode from results; labels that nothing is near to are missing."""
    results = list(results)
    labels = dict.fromkeys(label for result in results for label in result.labels)
    unknown = any(result.label is None for result in results)
    multi = any(result.chosen > 1 for result in results)
    return About(tuple(sorted(labels)), multi, unknown, {}, complete=False)


def _read_parquet(file: Path) -> tuple[Iterable[Mapping[str, Any]], About | None]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with file.open("rb") as stream:
            table = pq.read_table(stream)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error
    metadata = json.loads((table.schema.metadata or {})[_ABOUT])
    return table.to_pylist(), About(**metadata | {"labels": tuple(metadata["labels"])})


def _read_csv(file: Path) -> tuple[Iterable[Mapping[str, Any]], About | None]:
    with file.open(newline="", encoding="utf-8") as stream:
        return [_typed(row) for row in csv.DictReader(stream)], None


def _typed(row: Mapping[str, str]) -> dict[str, Any]:
    numbers: dict[str, Any] = {
        name: float(row[name]) if row[name] else None
        for name in ("probability", "known", "start", "end")
    }
    whole = {name: int(row[name]) for name in ("chosen", "asset_id", "moment_id")}
    lists = {name: json.loads(row[name]) for name in ("labels", "probabilities")}
    return dict(row) | numbers | whole | lists | {"label": row["label"] or None}


def _read_lines(file: Path) -> tuple[Iterable[Mapping[str, Any]], About | None]:
    with file.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream if line.strip()], None
