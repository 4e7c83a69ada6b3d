"""Moments of many files into batches, and every vector back to its own moment."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.encoders.protocols import Embedded
from engine.encoders.runtime.backend import Done, Pending
from engine.encoders.towers import PreparedInput, Towers
from engine.errors import SensoriumError
from engine.types import Asset, Embedding, IndexedAsset, Moment, Tag
from indexers.decode_events import Prepared, TowerInput
from indexers.fault_messages import MediaFault

_Vectors: TypeAlias = dict[str, NDArray[np.float32]]
IN_FLIGHT = 2
"""Batches on their way: one that is computed, and one that waits for it to be over."""


@dataclass(eq=False, slots=True)
class Assembly:
    """One file's moments on their way: a slot each, in order, filled as batches return."""

    slots: list[Embedding | None] = field(default_factory=list)
    waiting: int = 0
    """Slots that are still empty."""
    asset: Asset | None = None
    """Set when the file has been decoded to its end."""
    fault: MediaFault | None = None
    """Why the file failed; what still waits for it is not worth encoding."""

    def open_slot(self) -> int:
        """Reserve the next place; returns its number."""
        self.slots.append(None)
        self.waiting += 1
        return len(self.slots) - 1

    def fill(self, slot: int, embedding: Embedding) -> None:
        """Put the embedding where its moment was."""
        self.slots[slot] = embedding
        self.waiting -= 1

    def indexed(self) -> IndexedAsset | None:
        """Return the finished asset; None as long as anything is missing, and for a failed file.

        A moment without any vector is left out: no query could find it.
        """
        if self.asset is None or self.waiting or self.fault is not None:
            return None
        found = (e for e in self.slots if e is not None and e.vectors)
        return IndexedAsset(self.asset, tuple(found))


A = TypeVar("A", bound=Assembly)


@dataclass(frozen=True, slots=True)
class _Place(Generic[A]):
    """A prepared moment and where its vectors belong."""

    prepared: Prepared
    assembly: A
    slot: int


@dataclass(frozen=True, slots=True)
class _Batch(Generic[A]):
    """Moments whose vectors are on their way, without the pixels they are made of."""

    places: list[tuple[Moment, A, int]]
    pending: Pending[Embedded]


class Worker(Generic[A]):
    """Collects prepared moments per tower and runs the tower when a batch is full.

    An encoder that is ``Pipelined`` has two batches of pictures on their way, so that one
    is computed while the next is put together; they come back in their order. All others
    embed a batch at once.
    """

    def __init__(self, towers: Towers, batch_size: int) -> None:
        self._towers = towers
        self._batch_size = batch_size
        self._batches: dict[TowerInput, list[_Place[A]]] = {tower: [] for tower in TowerInput}
        self._on_their_way: deque[_Batch[A]] = deque()

    def add(self, assembly: A, prepared: Prepared) -> set[A]:
        """Take a moment in; returns the assemblies that have been given vectors by it."""
        batch = self._batches[prepared.tower]
        batch.append(_Place(prepared, assembly, assembly.open_slot()))
        size = self._size(prepared.tower)
        if len(batch) < size:
            return set()
        # Room that a failed file leaves goes to the next one: batches stay full.
        batch[:] = [place for place in batch if place.assembly.fault is None]
        return self._run(prepared.tower) if len(batch) >= size else set()

    def flush(self) -> set[A]:
        """Run what there is, however small the batches; returns as ``add``."""
        filled = {assembly for tower in TowerInput for assembly in self._run(tower)}
        return filled | self._collect(down_to=0)

    def _size(self, tower: TowerInput) -> int:
        if tower is TowerInput.PICTURE:
            return self._towers.picture_batch(self._batch_size)
        return self._batch_size

    def _run(self, tower: TowerInput) -> set[A]:
        places = [p for p in self._batches[tower] if p.assembly.fault is None]
        self._batches[tower].clear()
        if not places:
            return set()
        filled = self._collect(down_to=IN_FLIGHT - 1)
        pending = self._submit(tower, [place.prepared.data for place in places])
        kept = [(place.prepared.moment, place.assembly, place.slot) for place in places]
        self._on_their_way.append(_Batch(kept, pending))
        return filled | self._collect(down_to=IN_FLIGHT)

    def _submit(self, tower: TowerInput, data: Sequence[PreparedInput | str]) -> Pending[Embedded]:
        inputs = [item for item in data if isinstance(item, PreparedInput)]
        if tower is TowerInput.PICTURE:
            return self._towers.submit_pictures(inputs)
        if tower is TowerInput.SOUND:
            return Done(self._towers.embed_windows(inputs))
        return Done(self._towers.embed_texts([item for item in data if isinstance(item, str)]))

    def _collect(self, down_to: int) -> set[A]:
        """Take what has come back, waiting until no more than ``down_to`` batches are out."""
        filled: set[A] = set()
        while self._on_their_way:
            batch = self._on_their_way[0]
            if len(self._on_their_way) <= down_to and not batch.pending.ready():
                break
            self._on_their_way.popleft()
            filled |= _fill(batch.places, batch.pending.result())
        return filled


def _fill(places: Sequence[tuple[Moment, A, int]], embedded: Embedded) -> set[A]:
    """Put every row into its own slot; returns the assemblies that had not failed before.

    Those that had are settled already.
    """
    check(embedded, len(places))
    alive = {assembly for _, assembly, _ in places if assembly.fault is None}
    for row, (moment, assembly, slot) in enumerate(places):
        vectors = _vectors(embedded.vectors, row)
        if not all(np.isfinite(v).all() for v in vectors.values()):
            assembly.fault = MediaFault("the encoder returned a vector that is not finite")
        assembly.fill(slot, Embedding(_tagged(moment, embedded.tags[row]), vectors))
    return alive


def check(embedded: Embedded, count: int) -> None:
    """Nothing may shift: as many rows and tags as there were items.

    Raises:
        SensoriumError: the encoder lost or made up some.
    """
    for name, rows in embedded.vectors.items():
        if len(rows) != count:
            raise SensoriumError(f"space {name}: {len(rows)} vectors for {count} moments")
    if len(embedded.tags) != count:
        raise SensoriumError(f"tags of {len(embedded.tags)} moments for {count}")


def _tagged(moment: Moment, tags: tuple[Tag, ...]) -> Moment:
    return replace(moment, tags=tags) if tags else moment


def _vectors(spaces: Mapping[str, NDArray[np.float32]], row: int) -> _Vectors:
    """Return one moment's vectors, copied so that none keeps its whole batch alive.

    A vector without a direction, such as the features of digital silence, is left
    out: it is alike to everything and to nothing.
    """
    vectors = {name: np.array(rows[row], np.float32) for name, rows in spaces.items()}
    return {name: vector for name, vector in vectors.items() if vector.any()}
