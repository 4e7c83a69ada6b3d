"""Take stock of a space by its moments' ids: to tell whether a refresh is due, and to sample.

Whoever only adds to a library needs no more, and so its memory does not grow with what the library
holds: of a million vectors since the last snapshot that is 8 MB.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from engine.errors import SegmentGone
from engine.index import disk
from engine.index.choose import EXACT_ROWS
from engine.index.snapshot import Places, Snapshot
from engine.index.space import living_by_modality
from engine.index.vector_index import drawn, drawn_older
from engine.store import Store, segments
from engine.store.records import SegmentInfo
from engine.types import Modality, Space
from engine.types.arrays import MomentIds, Vectors

_TRIES = 10
"""Compactions that may come in between while the log is read."""
_NEW = 0.1
"""Part of a snapshot that may lie in the exact tail before it is folded in."""
_DEAD = 0.2
"""Part of a snapshot that may be dead before it is made anew."""
_NO_IDS: MomentIds = np.zeros(0, np.int64)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ModalityInventory:
    """One modality of a space."""

    snapshot: Snapshot | None
    dead: Places
    """Rows of the snapshot whose moments have died, ascending."""
    tail: MomentIds
    """The living moments that the log holds past the snapshot, ascending."""

    def is_due(self) -> bool:
        """Tell whether so much has been added or deleted that searches get slower."""
        held = 0 if self.snapshot is None else len(self.snapshot)
        added = len(self.tail) > max(EXACT_ROWS, _NEW * held)
        return added or is_worn(len(self.dead), held)

    def drawn(self, count: int) -> tuple[Places, MomentIds]:
        """Draw ``count`` moments, the same at every call.

        Returns places in the snapshot, and ids of the tail.
        """
        held = 0 if self.snapshot is None else len(self.snapshot)
        places = drawn_older(held, len(self.dead), len(self.tail), count)
        places = np.setdiff1d(places, self.dead, assume_unique=True)
        return places, self.tail[drawn(len(self.tail), max(count - len(places), 0))]


@dataclass(frozen=True, slots=True)
class SpaceInventory:
    """The vectors of a space at one generation, by modality.

    Attributes:
        log: its segments past the snapshots.
    """

    space: Space
    generation: int
    log: tuple[SegmentInfo, ...]
    parts: Mapping[Modality, ModalityInventory]

    def is_due(self) -> bool:
        """Tell whether the snapshots of any modality are to be made anew."""
        return any(part.is_due() for part in self.parts.values())


def is_worn(dead: int, held: int) -> bool:
    """Tell whether too much of a snapshot is dead to build on it."""
    return dead > _DEAD * held


def take_inventory(store: Store, space: Space) -> SpaceInventory:
    """Return what a space holds now."""
    return _between_compactions(store, lambda: _outline(store, space))


def draw_samples(store: Store, space: Space, count: int) -> tuple[int, dict[Modality, Vectors]]:
    """Draw up to ``count`` vectors (m, dim) of each modality of a space, and their generation.

    The same library gives the same ones. Memory holds them and one segment.
    """
    return _between_compactions(store, lambda: _samples(store, _outline(store, space), count))


def _between_compactions(store: Store, read: Callable[[], _T]) -> _T:
    for attempt in range(_TRIES):
        try:
            with store.snapshot():
                return read()
        except SegmentGone:  # merged since it was listed: list again
            if attempt == _TRIES - 1:
                raise
        finally:
            segments.release()
    raise AssertionError("unreachable")


def _outline(store: Store, space: Space) -> SpaceInventory:
    shelf = disk.newest(store.path, space)
    snapshots = {} if shelf is None else shelf.snapshots
    log = store.segments(space.name, after=0 if shelf is None else shelf.level.watermark)
    tails: defaultdict[Modality, list[MomentIds]] = defaultdict(list)
    for info in log:
        for modality, ids in living_by_modality(store, store.read_ids(info)).items():
            held = snapshots.get(modality)
            tails[modality].append(ids if held is None else ids[~held.places(ids)[0]])
    tombstones = store.tombstones() if snapshots else _NO_IDS
    parts = {}
    for modality in snapshots.keys() | tails.keys():
        snapshot = snapshots.get(modality)
        dead = _NO_IDS if snapshot is None else snapshot.places(tombstones)[1]
        # A moment may be in a merged segment and in one that the snapshot holds in part.
        tail = np.unique(np.concatenate([_NO_IDS, *tails[modality]]))
        parts[modality] = ModalityInventory(snapshot, dead, tail)
    return SpaceInventory(space, store.generation(), tuple(log), _without_empty(parts))


def _without_empty(
    parts: Mapping[Modality, ModalityInventory],
) -> dict[Modality, ModalityInventory]:
    """Return modalities that hold something, in their order, whatever the log's was."""
    return {
        modality: part
        for modality in Modality
        if (part := parts.get(modality)) is not None
        and len(part.tail) + (len(part.snapshot or ()) - len(part.dead))
    }


def _samples(
    store: Store, found: SpaceInventory, count: int
) -> tuple[int, dict[Modality, Vectors]]:
    chosen = {modality: part.drawn(count) for modality, part in found.parts.items()}
    wanted = np.sort(np.concatenate([_NO_IDS, *(ids for _, ids in chosen.values())]))
    rows = np.empty((len(wanted), found.space.dim), np.float32)
    read = np.zeros(len(wanted), np.bool_)
    for info in found.log if len(wanted) else ():
        ids, stored = store.read_stored(info)  # none, where it is damaged
        at = np.flatnonzero(np.isin(ids, wanted))
        places = np.searchsorted(wanted, ids[at])
        rows[places], read[places] = stored[at], True
        del stored  # before the next one is read
    sampled = {}
    for modality, (older, ids) in chosen.items():
        snapshot = found.parts[modality].snapshot
        newer = np.searchsorted(wanted, ids)
        sampled[modality] = rows[newer[read[newer]]]
        if snapshot is not None:
            sampled[modality] = np.concatenate([snapshot.vectors(older), sampled[modality]])
    return found.generation, sampled
