"""Batches that get smaller when memory runs out, and lose nothing. Knows of no device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

from engine.errors import SensoriumError
from engine.types.arrays import Vectors

Item = TypeVar("Item")


class BackOff(Generic[Item]):
    """Runs batches, and halves their size for good where one does not fit.

    Args:
        run: embeds a batch, (n, dim).
        out_of_memory: what it raises where the batch does not fit.
        release: gives back what memory can be; called after ``out_of_memory``.
        size: the size of a batch to begin with.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Vectors],
        out_of_memory: type[BaseException] | tuple[type[BaseException], ...],
        release: Callable[[], None],
        size: int,
    ) -> None:
        self._run = run
        self._out_of_memory = out_of_memory
        self._release = release
        self.size = size

    def __call__(self, items: Sequence[Item]) -> Vectors:
        """Return the vectors of all items, in their order.

        Raises:
            SensoriumError: a single one does not fit.
        """
        done: list[Vectors] = []
        at = 0
        while at < len(items):
            batch = items[at : at + self.size]
            vectors = self._tried(batch)
            if vectors is None:
                self.halve(len(batch))
            else:
                done.append(vectors)
                at += len(batch)
        return np.concatenate(done)

    def _tried(self, batch: Sequence[Item]) -> Vectors | None:
        """None where memory ran out. What the error's traceback held is free by then."""
        try:
            return self._run(batch)
        except self._out_of_memory:
            return None

    def halve(self, tried: int) -> None:
        """Halve the batch from now on, because one of ``tried`` items did not fit.

        Raises:
            SensoriumError: it was a single one.
        """
        self._release()
        if tried == 1:
            raise SensoriumError(
                "the memory of the GPU does not hold a single picture beside the model:"
                " free some, or set SENSORIUM_DEVICE=cpu"
            )
        self.size = tried // 2
