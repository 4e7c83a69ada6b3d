"""One space's indexes, kept level with the log of segments.

Moments of different modalities never compete inside an index: their raw scores
do not compare. So a space has one index per modality: what its newest snapshot on
disk holds, and an exact tail of what the log has brought since.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.common.vectors import chunks
from engine.errors import SegmentGone
from engine.index import disk
from engine.index.segmented_index import SegmentedIndex
from engine.index.snapshot import Snapshot
from engine.store import Store
from engine.store.segments import Stored
from engine.types import Modality, Space
from engine.types.arrays import MomentIds

_TRIES = 10
"""Compactions that may come in between while the log is read."""
_ROWS = 1024
"""Rows that are turned into float32 at a time."""


@dataclass(slots=True)
class SpaceIndex:
    """The indexes of one space. ``follow`` brings them level with the log."""

    space: Space
    kind: type[Snapshot] = Snapshot
    """The class that opens snapshots; ``gpu.GpuSnapshot`` searches them on a GPU."""
    watermark: int = 0
    """The last segment that the indexes hold."""
    generation: int = -1
    """The generation of the log that they are level with."""
    indexes: dict[Modality, SegmentedIndex] = field(default_factory=dict)
    _on_disk: tuple[int, int] = (-1, 0)
    """The answer of ``disk.state`` when the snapshots were opened."""

    def is_level(self, log: Store, generation: int) -> bool:
        """Tell whether there is nothing to follow up to this generation."""
        on_disk = disk.state(log.path, self.space.name)
        return self.generation >= generation and self._on_disk == on_disk

    def follow(self, log: Store) -> None:
        """Open newer snapshots, take in every newer segment, drop what has died since."""
        self._open(log)
        for attempt in range(_TRIES):
            try:
                self._follow(log)
            except SegmentGone:
                # Merged since it was listed: list again. What was taken in stays.
                if attempt == _TRIES - 1:
                    raise
            else:
                return

    def _open(self, log: Store) -> None:
        """Begin again from the newest snapshots, where there are newer ones."""
        on_disk = disk.state(log.path, self.space.name)
        if on_disk == self._on_disk:
            return
        shelf = disk.newest(log.path, self.space, self.kind)
        found = {} if shelf is None else shelf.snapshots
        self.indexes = {
            m: SegmentedIndex(self.space.dim, snapshot) for m, snapshot in found.items()
        }
        self.watermark = 0 if shelf is None else shelf.level.watermark
        self.generation = -1
        self._on_disk = on_disk

    def _follow(self, log: Store) -> None:
        with log.snapshot():
            generation = log.generation()
            if generation <= self.generation:
                return  # another thread has seen more than this one's snapshot
            self._bury(log.tombstones(since=self.generation))
            if 0 <= self.generation < log.compacted():
                self._forget(log)
            for info in log.segments(self.space.name, after=self.watermark):
                self._take(log, *log.read_stored(info))
                self.watermark = info.segment_id
            self.generation = generation

    def _take(self, log: Store, ids: MomentIds, stored: Stored) -> None:
        """Add those of a segment's rows that live and are not held.

        A merged segment may hold some that were taken in before.
        """
        for modality, alive in living_by_modality(log, ids).items():
            wanted = np.isin(ids, alive)
            if modality in self.indexes:
                wanted &= ~self.indexes[modality].holds(ids)
            if wanted.any():
                index = self.indexes.setdefault(modality, SegmentedIndex(self.space.dim))
                rows = np.flatnonzero(wanted)
                for part in chunks(rows, _ROWS):
                    index.add(ids[part], stored[part].astype(np.float32))

    def _bury(self, ids: MomentIds) -> None:
        """Drop vectors whose moments have died, and indexes that are left empty."""
        if len(ids):
            for index in self.indexes.values():
                index.remove(ids)
            self.indexes = {m: index for m, index in self.indexes.items() if len(index)}

    def _forget(self, log: Store) -> None:
        """Drop what died and was compacted away before this index saw its tombstone.

        That can be in the tail alone: a compaction leaves the tombstones of what lies in
        a snapshot.
        """
        for index in self.indexes.values():
            held = index.tail.ids()
            if len(held):
                alive, _ = log.modalities(int(held[0]), int(held[-1]))
                index.tail.remove(np.setdiff1d(held, alive, assume_unique=True))
        self.indexes = {m: index for m, index in self.indexes.items() if len(index)}


def living_by_modality(log: Store, ids: MomentIds) -> dict[Modality, MomentIds]:
    """Return those of ids (n,) whose moments live, ascending, by modality."""
    if not len(ids):
        return {}
    alive, modalities = log.modalities(int(ids.min()), int(ids.max()))
    kept = np.isin(alive, ids)
    alive, modalities = alive[kept], modalities[kept]
    return {Modality(name): alive[modalities == name] for name in sorted(set(modalities.tolist()))}
