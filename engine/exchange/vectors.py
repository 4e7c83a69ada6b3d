"""Stored vectors in the order of moments, a block at a time, in bounded memory."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import StoreError
from engine.store import SegmentInfo, Store, segments
from engine.types import Space
from engine.types.arrays import MomentIds

Row: TypeAlias = NDArray[np.float16] | NDArray[np.float32]
"""One vector as it is kept, shape (dim,)."""


class Stored:
    """The vectors of one space, asked for by ascending moment ids.

    Memory holds the segments that reach into the block that is asked for: one or two in
    a log that only grew, some 64 MiB each.
    """

    def __init__(self, store: Store, space: Space) -> None:
        self._folder = store.path / segments.FOLDER
        self._space = space
        ranged = ((_range(self._ids(info)), info) for info in store.segments(space.name))
        self._waiting = sorted(((r, i) for r, i in ranged if r), key=lambda pair: pair[0][0])
        self._held: list[tuple[MomentIds, segments.Stored]] = []

    def among(self, ids: MomentIds) -> dict[int, Row]:
        """The vectors of these moments, ascending, (n,); of those that have one."""
        first, last = int(ids[0]), int(ids[-1])
        self._held = [held for held in self._held if held[0][-1] >= first]
        while self._waiting and self._waiting[0][0][0] <= last:
            (_, until), info = self._waiting.pop(0)
            if until >= first:
                self._held.append(self._read(info))
        found: dict[int, Row] = {}
        for held, vectors in self._held:
            shared, _, rows = np.intersect1d(ids, held, assume_unique=True, return_indices=True)
            found.update(zip(shared.tolist(), vectors[rows], strict=True))
        return found

    def _ids(self, info: SegmentInfo) -> MomentIds:
        try:
            return segments.read_ids(self._folder, info)
        except segments.Unreadable as damage:
            raise _unreadable(damage) from damage

    def _read(self, info: SegmentInfo) -> tuple[MomentIds, segments.Stored]:
        try:
            ids, vectors = segments.read_stored(self._folder, info, self._space)
        except segments.Unreadable as damage:
            raise _unreadable(damage) from damage
        order = np.argsort(ids, kind="stable")
        return ids[order], vectors[order]


def _range(ids: MomentIds) -> tuple[int, int] | None:
    return (int(ids.min()), int(ids.max())) if len(ids) else None


def _unreadable(damage: segments.Unreadable) -> StoreError:
    return StoreError(
        f"{damage}; export again if the library was compacted meanwhile, else see"
        " sensorium verify --deep"
    )
