"""Moments of many files into batches, and every vector back to its own moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from engine.encoders.base import Embedded, Pixels, Spectrogram
from engine.encoders.towers import Towers
from engine.errors import SensoriumError
from engine.types import Asset, Embedding, IndexedAsset, Moment, Tag
from indexers.pieces import Prepared, Tower

_Vectors: TypeAlias = dict[str, NDArray[np.float32]]


@dataclass(eq=False, slots=True)
class Assembly:
    """One file's moments on their way: a slot each, in order, filled as batches return."""

    slots: list[Embedding | None] = field(default_factory=list)
    waiting: int = 0
    """Slots that are still empty."""
    asset: Asset | None = None
    """Set when the file has been decoded to its end."""
    fault: str | None = None
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
        """The finished asset; None as long as anything is missing, and for a failed file.

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


class Worker(Generic[A]):
    """Collects prepared moments per tower and runs the tower when a batch is full."""

    def __init__(self, towers: Towers, batch_size: int) -> None:
        self._towers = towers
        self._batch_size = batch_size
        self._batches: dict[Tower, list[_Place[A]]] = {tower: [] for tower in Tower}

    def add(self, assembly: A, prepared: Prepared) -> set[A]:
        """Take a moment in; returns the assemblies that have been given vectors by it."""
        batch = self._batches[prepared.tower]
        batch.append(_Place(prepared, assembly, assembly.open_slot()))
        if len(batch) < self._batch_size:
            return set()
        # Room that a failed file leaves goes to the next one: batches stay full.
        batch[:] = [place for place in batch if place.assembly.fault is None]
        return self._run(prepared.tower) if len(batch) == self._batch_size else set()

    def flush(self) -> set[A]:
        """Run what there is, however small the batches; returns as ``add``."""
        return {assembly for tower in Tower for assembly in self._run(tower)}

    def _run(self, tower: Tower) -> set[A]:
        places = [p for p in self._batches[tower] if p.assembly.fault is None]
        self._batches[tower].clear()
        if not places:
            return set()
        embedded = self._embed(tower, [place.prepared for place in places])
        for place, embedding in zip(places, embedded, strict=True):
            if not all(np.isfinite(v).all() for v in embedding.vectors.values()):
                place.assembly.fault = "the encoder returned a vector that is not finite"
            place.assembly.fill(place.slot, embedding)
        return {place.assembly for place in places}

    def _embed(self, tower: Tower, batch: Sequence[Prepared]) -> Iterator[Embedding]:
        embedded = self._embedded(tower, [prepared.data for prepared in batch])
        check(embedded, len(batch))
        for row, prepared in enumerate(batch):
            moment = _tagged(prepared.moment, embedded.tags[row])
            yield Embedding(moment, _vectors(embedded.vectors, row))

    def _embedded(self, tower: Tower, data: Sequence[object]) -> Embedded:
        towers = self._towers
        if tower is Tower.PICTURE:
            return towers.encoder.embed_images(cast(Sequence[Pixels], data))
        if tower is Tower.SOUND:
            return towers.embed_sounds(cast(Sequence[Spectrogram], data))
        texts = cast(Sequence[str], data)
        shared = towers.encoder.embed_texts(texts)
        return Embedded({towers.shared.name: shared}, ((),) * len(texts))


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
    """One moment's vectors, copied so that none keeps its whole batch alive.

    A vector without a direction, such as the features of digital silence, is left
    out: it is alike to everything and to nothing.
    """
    vectors = {name: np.array(rows[row], np.float32) for name, rows in spaces.items()}
    return {name: vector for name, vector in vectors.items() if vector.any()}
