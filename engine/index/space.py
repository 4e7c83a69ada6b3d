"""One space's indexes, kept level with the log of segments.

Moments of different modalities never compete inside an index: their raw scores
do not compare. So a space has one index per modality, each with its watermark
in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from engine.index.base import VectorIndex
from engine.index.exact import ExactIndex
from engine.types import Modality, MomentIds, Vectors


class SegmentLike(Protocol):
    """What is needed of an entry of the log."""

    @property
    def segment_id(self) -> int: ...


class Log(Protocol):
    """What an index reads of the store."""

    def generation(self) -> int:
        """Increases with every commit."""

    def segments(self, space: str, after: int = 0) -> Sequence[SegmentLike]:
        """The segments of a space in the order of their commits."""

    def read_segment(self, info: SegmentLike) -> tuple[MomentIds, Vectors]:
        """The moment ids and vectors of one segment."""

    def moment_ids(self, kinds: Sequence[str] = (), modalities: Sequence[str] = ()) -> MomentIds:
        """The ids of live moments, ascending."""

    def tombstones(self) -> MomentIds:
        """Ids of dead moments whose vectors are still in a segment."""


@dataclass(slots=True)
class SpaceIndex:
    """The indexes of one space. ``follow`` brings them level with the log."""

    space: str
    dim: int
    make: Callable[[int], VectorIndex] = ExactIndex
    watermark: int = 0
    """The last segment that the indexes hold."""
    indexes: dict[Modality, VectorIndex] = field(default_factory=dict)
    _buried: MomentIds = field(default_factory=lambda: np.zeros(0, np.int64))

    def follow(self, log: Log) -> None:
        """Take in every newer segment and drop what has died since."""
        dead = log.tombstones()
        self._bury(np.setdiff1d(dead, self._buried, assume_unique=True))
        for info in log.segments(self.space, after=self.watermark):
            ids, vectors = log.read_segment(info)
            alive = ~np.isin(ids, dead)
            self._add(log, ids[alive], vectors[alive])
            self.watermark = info.segment_id
        self._buried = dead

    def _bury(self, ids: MomentIds) -> None:
        """Drop vectors whose moments have died."""
        if len(ids):
            for index in self.indexes.values():
                index.remove(ids)

    def _add(self, log: Log, ids: MomentIds, vectors: Vectors) -> None:
        """Each vector to the index of its modality."""
        for modality in Modality:
            rows = np.isin(ids, log.moment_ids(modalities=(modality,)))
            if rows.any():
                if modality not in self.indexes:
                    self.indexes[modality] = self.make(self.dim)
                self.indexes[modality].add(ids[rows], vectors[rows])
