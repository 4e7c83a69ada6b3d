"""The true labels of files, from a CSV with the columns file and label, or a mapping."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TypeAlias

from engine.classify.results import About, Result
from engine.common.file_state import os_reason
from engine.common.user_path import expanded
from engine.errors import UsageError

Truth = Mapping[int, frozenset[str]]
"""The true labels of results by their place; empty for what is none of the labels."""
TruthSource: TypeAlias = str | Path | Mapping[str, str | Sequence[str] | None]
"""A CSV file, or file names with their label or labels; None for none of the labels."""


def read_truth(
    source: TruthSource, results: Sequence[Result], about: About
) -> dict[int, frozenset[str]]:
    """Read the true labels of those results that a source names.

    A file may be named by its whole path, or by as much of its end as tells it apart. One
    that has several labels has several lines. An empty label says: none of the labels.

    Raises:
        UsageError: the file cannot be read, lacks a column or is empty; or names a file or
            a label that is not in the results. The line is named.
    """
    known = {label.casefold(): label for label in about.labels}
    files = _Files(results)
    found: dict[int, set[str]] = defaultdict(set)
    rows = _pairs(source) if isinstance(source, Mapping) else _lines(expanded(source))
    for where, name, label in rows:
        place = files.place(name, where)
        found[place] |= {_label(label, known, about, where)} - {""}
    if not found:
        if isinstance(source, Mapping):
            raise UsageError("the truth lists no files; map names of files to their labels")
        raise UsageError(f"{source} lists no files; write lines below its header file,label")
    return {place: frozenset(labels) for place, labels in found.items()}


def _pairs(
    truth: Mapping[str, str | Sequence[str] | None],
) -> Iterator[tuple[str, str, str]]:
    """Yield where it stands, the file and the label, of each label of a mapping."""
    for name, labels in truth.items():
        listed = [labels] if isinstance(labels, str) else list(labels or [""])
        yield from (("the truth", name, label) for label in listed)


def _lines(file: Path) -> list[tuple[str, str, str]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = {"file", "label"} - set(reader.fieldnames or ())
            if missing:
                raise UsageError(f"{file} has no column {sorted(missing)[0]!r} in its first line")
            return [
                (f"{file}:{reader.line_num}", row["file"] or "", row["label"] or "")
                for row in reader
            ]
    except OSError as error:
        raise UsageError(f"cannot read {file}: {os_reason(error)}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file} is no CSV in UTF-8: {error}") from error


def _label(label: str, known: Mapping[str, str], about: About, at: str) -> str:
    name = " ".join(label.split())
    if not name:
        return ""
    if name.casefold() not in known:
        which, way_out = "were classified by", "leave it empty for what is none of them"
        if not about.complete:
            which, way_out = "show in the results", "classify into a .parquet, which keeps all"
        raise UsageError(
            f"{at}: {name!r} is none of the {len(known)} labels that {which}; {way_out}"
        )
    return known[name.casefold()]


class _Files:
    """Find results by the ends of their paths."""

    def __init__(self, results: Sequence[Result]) -> None:
        self._by_name: dict[str, list[tuple[tuple[str, ...], int]]] = defaultdict(list)
        for place, result in enumerate(results):
            parts = PurePath(result.file).parts
            self._by_name[parts[-1]].append((parts, place))

    def place(self, name: str, at: str) -> int:
        """Return the place of the only result whose path ends in ``name``."""
        parts = PurePath(name).parts
        candidates = self._by_name.get(parts[-1], []) if parts else []
        ends = [place for whole, place in candidates if whole[-len(parts) :] == parts]
        if not ends:
            raise UsageError(f"{at}: the results have no file {name!r}")
        if len(ends) > 1:
            raise UsageError(f"{at}: {len(ends)} results end in {name!r}; name more of the path")
        return ends[0]
