"""Which words of a text are worth asking full text search for.

A word that thousands of moments have says little about any of them, and costs most:
BM25 has to score every moment that has one of the words. What is that common is what
vectors are good at. So in a large library the rarest words are asked, as many as fit a
budget of moments; in a small one, which fits the budget as a whole, all of them.
"""

from __future__ import annotations

from engine.store import Store, match_any, tokens

BUDGET = 500
"""Moments that the words of one text may match together; scoring them takes 1 ms in a
catalog of a million assets."""


class Selective:
    """The words to ask for, at one generation of a library."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_small = store.next_moment() <= BUDGET
        self._counts: dict[str, int] = {}

    def match(self, text: str) -> str | None:
        """What to ask for ``text``; None where it has no word, or none that is rare."""
        if self._is_small:
            return match_any(text)
        asked, matched = [], 0
        for count, word in sorted((self._count(word), word) for word in tokens(text)):
            matched += count
            if matched > BUDGET:
                break
            asked.append(word)
        return match_any(" ".join(asked))

    def _count(self, word: str) -> int:
        """Moments that have a word, counted no further than they matter."""
        if word not in self._counts:
            match = match_any(word)
            self._counts[word] = self._store.count_words(match, BUDGET + 1) if match else 0
        return self._counts[word]
