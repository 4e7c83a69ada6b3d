"""What files really are, as a person wrote it down: a CSV with the columns file and label."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

from engine.classify.results import About, Result
from engine.errors import UsageError

Truth = Mapping[int, frozenset[str]]
"""The labels of results, by their place; empty for what is none of them."""


def read_truth(file: Path, results: Sequence[Result], about: About) -> dict[int, frozenset[str]]:
    """The labels of the results that a file speaks of.

    A file may be named by its whole path, or by as much of its end as tells it apart. One
    that has several labels has several lines. An empty label says: none of the labels.

    Raises:
        UsageError: the file cannot be read, lacks a column or is empty; or names a file or
            a label that is not in the results. The line is named.
    """
    known = {label.casefold(): label for label in about.labels}
    files = _Files(results)
    found: dict[int, set[str]] = defaultdict(set)
    for number, name, label in _lines(file):
        place = files.place(name, f"{file}:{number}")
        found[place] |= {_label(label, known, about, f"{file}:{number}")} - {""}
    if not found:
        raise UsageError(f"{file} lists no files; write lines of file,label below that header")
    return {place: frozenset(labels) for place, labels in found.items()}


def _lines(file: Path) -> list[tuple[int, str, str]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = {"file", "label"} - set(reader.fieldnames or ())
            if missing:
                raise UsageError(f"{file} has no column {sorted(missing)[0]!r} in its first line")
            return [(reader.line_num, row["file"] or "", row["label"] or "") for row in reader]
    except OSError as error:
        raise UsageError(f"cannot read {file}: {(error.strerror or str(error)).lower()}") from error
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
    """Results by the ends of their paths."""

    def __init__(self, results: Sequence[Result]) -> None:
        self._by_name: dict[str, list[tuple[tuple[str, ...], int]]] = defaultdict(list)
        for place, result in enumerate(results):
            parts = PurePath(result.file).parts
            self._by_name[parts[-1]].append((parts, place))

    def place(self, name: str, at: str) -> int:
        """The place of the one result that a name means."""
        parts = PurePath(name).parts
        among = self._by_name.get(parts[-1], []) if parts else []
        ends = [place for whole, place in among if whole[-len(parts) :] == parts]
        if not ends:
            raise UsageError(f"{at}: the results have no file {name!r}")
        if len(ends) > 1:
            raise UsageError(f"{at}: {len(ends)} results end in {name!r}; name more of the path")
        return ends[0]
