"""Choose the segments that a compaction merges; ``Maintenance`` merges them.

A merged segment takes the number of the last that went into it. So the log keeps its
order, and an index that holds the log up to some number either holds all of a merged
segment, none of it, or a part that it can tell by the moments' ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from engine.common.shown_as_text import ShownAsText
from engine.store.records import SegmentInfo
from engine.types import Space

TARGET_ROWS = 65_536
"""Rows of a merged segment, at most."""
TARGET_BYTES = 8 * 2**20
"""Bytes of its vectors, at most: what reads or writes one has them in memory."""


@dataclass(frozen=True, slots=True)
class Compaction(ShownAsText):
    """The result of a compaction."""

    segments_before: int
    segments_after: int
    dropped: int
    """Rows of deleted moments that are gone."""
    bytes_before: int
    bytes_after: int
    """Size of the segments' files after it, in bytes."""
    warnings: tuple[str, ...] = ()
    """Segments that could not be read and were forgotten, one line each."""

    def __str__(self) -> str:
        return (
            f"{self.segments_before} segments are {self.segments_after} now,"
            f" {self.dropped} rows of deleted moments are gone,"
            f" {(self.bytes_before - self.bytes_after) / 1e6:.1f} MB are free"
        )


@dataclass(frozen=True, slots=True)
class Weighed:
    """A segment, and how many of its rows belong to deleted moments."""

    info: SegmentInfo
    dead: int

    @property
    def alive(self) -> int:
        return self.info.rows - self.dead


def target_rows(space: Space) -> int:
    """Return the most rows of a merged segment of a space."""
    row = space.dim * np.dtype(space.dtype).itemsize
    return min(TARGET_ROWS, max(1, TARGET_BYTES // row))


def loose(segments: Iterable[SegmentInfo], spaces: Mapping[str, Space]) -> int:
    """Count the segments that are less than half full.

    A compaction would merge these, however large the library is.
    """
    targets = {name: target_rows(space) for name, space in spaces.items()}
    return sum(2 * info.rows < targets.get(info.space, TARGET_ROWS) for info in segments)


def runs(segments: Iterable[Weighed], target: int = TARGET_ROWS) -> Iterator[list[SegmentInfo]]:
    """Yield runs of neighbours in one space's log that become one segment each.

    A segment that is half full and has no dead row is left alone, lest every compaction
    write all of the library again.
    """
    run: list[Weighed] = []
    for segment in segments:
        settled = segment.dead == 0 and 2 * segment.alive >= target
        if run and (settled or _rows(run) + segment.alive > target):
            yield from _worth_it(run)
            run = []
        if not settled:
            run.append(segment)
    yield from _worth_it(run)


def _rows(run: Iterable[Weighed]) -> int:
    return sum(segment.alive for segment in run)


def _worth_it(run: list[Weighed]) -> Iterator[list[SegmentInfo]]:
    """Yield the run if it merges several segments or drops a row."""
    if len(run) > 1 or any(segment.dead for segment in run):
        yield [segment.info for segment in run]
