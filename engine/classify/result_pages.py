"""Pages of the results of a classification, in any order and of any label, without all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

ResultOrder = Literal["indexed", "sure", "unsure", "file"]
"""The order: as they were indexed, the most or the least probable first, or by names of files."""
STEPS = 100
"""Thresholds between 0 and 1 for which files are counted."""
_NONE = -1
_KEPT = 4
"""Files of results whose order is kept in memory: some megabytes of 100,000 files."""


@dataclass(frozen=True, slots=True)
class LabelCount:
    """A label, and how many files have it."""

    label: str
    at_least: tuple[int, ...]
    """Files that have it with a probability of at least 0, 0.01, 0.02 ... 1."""


class ResultPages:
    """The results in a file of lines of JSON, as ``Classification.to_jsonl`` writes it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        starts, names, labels, sure = [0], [], [], []
        with file.open("rb") as lines:
            for line in lines:
                row = json.loads(line)
                starts.append(starts[-1] + len(line))
                names.append(row["file"].casefold())
                labels.append(row["label"])
                sure.append(0.0 if row["label"] is None else row["probability"])
        self._starts: NDArray[np.int64] = np.array(starts[:-1], np.int64)
        self._sure: NDArray[np.float64] = np.array(sure, np.float64)
        self._names = tuple(sorted({label for label in labels if label is not None}))
        place: Mapping[str | None, int] = {name: at for at, name in enumerate(self._names)}
        self._labels = np.array([place.get(label, _NONE) for label in labels], np.int64)
        by_name = sorted(range(len(names)), key=names.__getitem__)
        self._by_name: NDArray[np.int64] = np.array(by_name, np.int64)

    @classmethod
    def of(cls, file: Path) -> ResultPages:
        """Return the pages of a file, which is read again only when it has changed."""
        stat = file.stat()
        return _read(file, stat.st_mtime_ns, stat.st_size)

    def __len__(self) -> int:
        return len(self._starts)

    def counts(self) -> list[LabelCount]:
        """Count the files of each label, for each threshold; labels are in alphabetical order."""
        thresholds = np.arange(STEPS + 1) / STEPS
        found = []
        for place, name in enumerate(self._names):
            sure = np.sort(self._sure[self._labels == place])
            below = np.searchsorted(sure, thresholds, side="left")
            found.append(LabelCount(name, tuple((len(sure) - below).tolist())))
        return found

    def page(
        self,
        skip: int,
        limit: int,
        *,
        order: ResultOrder = "indexed",
        label: str | None = None,
        below: float | None = None,
    ) -> tuple[list[dict[str, Any]], int]:
        """Return some results, and how many there are in all.

        Args:
            skip: how many to pass over.
            limit: how many at most.
            order: which come first.
            label: only those that have it.
            below: only those that have no label of at least this probability.
        """
        kept = np.ones(len(self), np.bool_)
        if label is not None:
            known = label in self._names
            kept &= self._labels == self._names.index(label) if known else False
        if below is not None:
            kept &= (self._labels == _NONE) | (self._sure < below)
        places = self._in_order(order)
        places = places[kept[places]]
        with self._file.open("rb") as lines:
            return [self._row(lines, at) for at in places[skip : skip + limit]], len(places)

    def _in_order(self, order: ResultOrder) -> NDArray[np.int64]:
        if order == "file":
            return self._by_name
        if order == "indexed":
            return np.arange(len(self))
        return np.argsort(-self._sure if order == "sure" else self._sure, kind="stable")

    def _row(self, lines: Any, place: int) -> dict[str, Any]:
        lines.seek(int(self._starts[place]))
        row: dict[str, Any] = json.loads(lines.readline())
        return row


@lru_cache(maxsize=_KEPT)
def _read(file: Path, _changed: int, _size: int) -> ResultPages:
    return ResultPages(file)
