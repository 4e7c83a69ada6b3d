"""Which segments a compaction merges, and what one has done. Pure; ``Writer`` does it.

A merged segment takes the number of the last that went into it. So the log keeps its
order, and an index that holds the log up to some number either holds all of a merged
segment, none of it, or a part that it can tell by the moments' ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from engine.store.records import SegmentInfo
from engine.types import Space

TARGET_ROWS = 65_536
"""Rows of a merged segment, at most."""
TARGET_BYTES = 8 * 2**20
"""Bytes of its vectors, at most: what reads or writes one has them in memory."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """What a compaction did."""

    segments_before: int
    segments_after: int
    dropped: int
    """Rows of deleted moments that are gone."""
    bytes_before: int
    bytes_after: int
    """Of the segments' files."""
    warnings: tuple[str, ...] = ()
    """What could not be read and was forgotten, one line each."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A segment, and how many of its rows belong to deleted moments."""

    info: SegmentInfo
    dead: int

    @property
    def alive(self) -> int:
        return self.info.rows - self.dead


def target_rows(space: Space) -> int:
    """Rows of a merged segment of a space."""
    row = space.dim * np.dtype(space.dtype).itemsize
    return min(TARGET_ROWS, max(1, TARGET_BYTES // row))


def loose(segments: Iterable[SegmentInfo], spaces: Mapping[str, Space]) -> int:
    """How many segments are less than half full: what a compaction would merge, however
    large the library is."""
    targets = {name: target_rows(space) for name, space in spaces.items()}
    return sum(2 * info.rows < targets.get(info.space, TARGET_ROWS) for info in segments)


def runs(segments: Iterable[Weighed], target: int = TARGET_ROWS) -> Iterator[list[SegmentInfo]]:
    """Neighbours of one space's log that become one segment each.

    What is half full and has no dead row is left alone, lest every compaction write all
    of the library again.
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
    """The run, where it merges several segments or drops a row."""
    if len(run) > 1 or any(segment.dead for segment in run):
        yield [segment.info for segment in run]
