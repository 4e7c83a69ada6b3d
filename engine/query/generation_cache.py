"""Values that were read of one generation of a library, kept while nothing is committed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from engine.common.lru import LRUCache

_KEPT = 32
"""Filters that are kept prepared: everybody who searches may have some of his own."""
Value = TypeVar("Value")


class GenerationCache(Generic[Value]):
    """The values that were read last of one generation. Threads may share it."""

    def __init__(self) -> None:
        self._generation = -1
        self._values: LRUCache[Hashable, Value] = LRUCache(_KEPT)
        self._lock = Lock()

    def get(self, generation: int, key: Hashable, read: Callable[[], Value]) -> Value:
        """Return the value of ``key`` at a generation; ``read`` makes it where it is not kept."""
        with self._lock:
            if self._generation != generation:
                self._generation, self._values = generation, LRUCache(_KEPT)
            values = self._values
        # Read without the lock; another thread may have gone on to a later generation
        # meanwhile, and then nobody looks into these values any more.
        return values.get_or_make(key, read)
