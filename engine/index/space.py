"""One space's indexes, kept level with the log of segments.

Moments of different modalities never compete inside an index: their raw scores
do not compare. So a space has one index per modality, each with its watermark
in the log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from engine.index.base import VectorIndex
from engine.index.exact import ExactIndex
from engine.store import Store
from engine.types import Modality, MomentIds


@dataclass(slots=True)
class SpaceIndex:
    """The indexes of one space. ``follow`` brings them level with the log."""

    space: str
    dim: int
    make: Callable[[int], VectorIndex] = ExactIndex
    watermark: int = 0
    """The last segment that the indexes hold."""
    generation: int = -1
    """The generation of the log that they are level with."""
    indexes: dict[Modality, VectorIndex] = field(default_factory=dict)
    _buried: MomentIds = field(default_factory=lambda: np.zeros(0, np.int64))

    def follow(self, log: Store) -> None:
        """Take in every newer segment and drop what has died since."""
        with log.snapshot():
            generation = log.generation()
            if generation == self.generation:
                return
            dead = log.tombstones()
            self._bury(np.setdiff1d(dead, self._buried, assume_unique=True))
            newer = log.segments(self.space, after=self.watermark)
            members = {m: log.moment_ids(modalities=(m,)) for m in Modality} if newer else {}
            for info in newer:
                ids, vectors = log.read_segment(info)
                for modality, alive in members.items():
                    rows = np.isin(ids, alive)
                    if rows.any():
                        self._of(modality).add(ids[rows], vectors[rows])
                self.watermark = info.segment_id
            self._buried, self.generation = dead, generation

    def _bury(self, ids: MomentIds) -> None:
        """Drop vectors whose moments have died, and indexes that are left empty."""
        if len(ids):
            for index in self.indexes.values():
                index.remove(ids)
            self.indexes = {m: index for m, index in self.indexes.items() if len(index)}

    def _of(self, modality: Modality) -> VectorIndex:
        if modality not in self.indexes:
            self.indexes[modality] = self.make(self.dim)
        return self.indexes[modality]
