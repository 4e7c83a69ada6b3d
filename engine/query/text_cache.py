"""The vectors of texts that were asked before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Lock

from engine.common.combined_calls import CombinedCalls
from engine.common.lru import LRUCache
from engine.types.arrays import Vectors


class TextCache:
    """Embed texts, and keep their vectors for the next page or the next letter typed.

    Threads may share it: what several ask for while the tower runs is embedded together.
    """

    def __init__(self, embed: Callable[[Sequence[str]], Vectors], most: int = 2_000) -> None:
        self._embed = CombinedCalls[str, Vectors](lambda texts: [*embed(texts)])
        self._vectors: LRUCache[str, Vectors] = LRUCache(most)
        self._lock = Lock()
        self.hits = 0
        """Texts that were found."""
        self.misses = 0
        """Texts that had to be embedded."""

    def embed(self, texts: Iterable[str]) -> dict[str, Vectors]:
        """Return a vector (dim,) for each text; the new ones are embedded in one batch."""
        asked = list(dict.fromkeys(texts))
        found = {text: self._vectors.get(text) for text in asked}
        known = {text: vector for text, vector in found.items() if vector is not None}
        new = [text for text in asked if text not in known]
        with self._lock:
            self.hits, self.misses = self.hits + len(known), self.misses + len(new)
        if new:
            known |= zip(new, self._embed(new), strict=True)
        for text in asked:
            self._vectors.put(text, known[text])
        return known
