"""Score full text matches by BM25, calibrated to log odds within each modality.

Full text search scores a match by BM25, which is a sum of log odds, one for each word
that query and moment share (Robertson and Sparck Jones 1976). Here four things are put
right, so that it can be added to what vectors say:

- How rare a word is counts within a modality. "The" is rare in a library of pictures
  with a few minutes of speech, and says nothing about which of the sentences is meant.
- One of four words is less than a quarter of a match: a moment counts by the share of
  what the query says that it holds, damped by a root. Words that nothing holds are part
  of what the query says, unless they are of the kind that carries no meaning.
- A text that is a whole name, title or sentence of a moment is worth more than any guess
  (``literal``).
- A word that thousands of moments have says little about any of them, and costs most. So
  the rarest words are asked for, as many as fit a budget of moments.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.common.lru import LRUCache
from engine.query import literal
from engine.store import Store, match_any, tokens
from engine.types import Kind, Modality
from engine.types.arrays import MomentIds

BUDGET = 500
"""Moments that the words of one text may match together; scoring them takes 1 ms in a
catalog of a million assets."""
_COUNTED = 20_000
"""Words whose counts are kept: a few megabytes."""
_FEW = 8
"""Moments that have a word, for which it is kept which they are."""
_KEPT = 200
"""Words that more moments have, for which it is kept as well: 10 MB at most. Asking for them anew
was a sixteenth of a search of many clients."""
_MOST_WORDS = 64
"""Words of a text that are looked at."""
_MOST_OF_A_WORD = 2.2
"""The factor by which BM25 multiplies the rarity of a word at most: k1 + 1."""
_LEAST = 1e-6
"""BM25's rarity of a word that most moments have."""
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about after all am an and any are as at be been before being but by can could did do
        does doing for from had has have having he her here him his how i if in into is it its
        just me more my no nor not of off on once only or our out over own she should so some
        such than that the their them then there these they this those through to too under
        until up was we were what when where which while who whom why will with would you your
        """,
    )
)
"""English words that carry grammar and little meaning."""


def content_words(text: str) -> list[str]:
    """Return the words of a text that carry meaning, as far as they are looked at."""
    return [word for word in tokens(text)[:_MOST_WORDS] if word not in _FUNCTION_WORDS]


@dataclass(frozen=True, slots=True, eq=False)
class FullTextScores:
    """The moments that have words of a text, best first."""

    ids: MomentIds
    """(n,)."""
    bm25: NDArray[np.float64]
    """(n,)."""
    log_odds: NDArray[np.float64]
    """(n,), nats."""
    kinds: tuple[Kind, ...]
    modalities: tuple[Modality, ...]
    literal: NDArray[np.bool_]
    """(n,): the text is, word for word, a name, title, sentence or phrase that a moment has."""

    def __len__(self) -> int:
        return len(self.ids)

    def where(self, kept: NDArray[np.bool_]) -> FullTextScores:
        """Return those that a mask (n,) keeps."""
        at = np.flatnonzero(kept).tolist()
        return FullTextScores(
            self.ids[kept], self.bm25[kept], self.log_odds[kept],
            tuple(self.kinds[i] for i in at), tuple(self.modalities[i] for i in at),
            self.literal[kept],
        )  # fmt: skip


@dataclass(slots=True)
class _Sum:
    """The sums over the words of a text for one moment."""

    bm25: float = 0.0
    log_odds: float = 0.0
    held: float = 0.0
    """Nats of what the query says that the moment holds."""
    words: int = 0
    """The number of words of the query that the moment holds."""


class FullTextScorer:
    """The words of a library at one generation.

    Args:
        moments: how many there are of each modality.
    """

    def __init__(self, store: Store, moments: Mapping[Modality, int]) -> None:
        self._store = store
        self._moments = moments
        self._all = sum(moments.values())
        self._counts: dict[str, int] = {}
        self._frequent: LRUCache[str, dict[int, float]] = LRUCache(_KEPT)
        self._rare: dict[str, dict[int, float]] = {}
        """What few moments have, or none: in a small library, where a word is not counted
        first, "there" and "is" are looked up for every other query."""

    def asked(self, text: str) -> tuple[list[str], list[str]]:
        """Return the words rare enough to ask for, rarest first, and those that no moment has."""
        counted = sorted((self._count(word), word) for word in tokens(text)[:_MOST_WORDS])
        asked, matched = [], 0
        for count, word in counted:
            matched += count
            if count and matched <= BUDGET:
                asked.append(word)
        return asked, [word for count, word in counted if not count]

    def score(self, text: str) -> FullTextScores:
        """Score the moments that have words of a text."""
        found, absent = self._hits(text)
        places = self._store.kinds_of({i for hits in found.values() for i in hits})
        sums: dict[int, _Sum] = {}
        asked_nats = sum(_rarity(self._all, 0) for word in absent if word not in _FUNCTION_WORDS)
        for hits in found.values():
            asked_nats += self._add(sums, {i: s for i, s in hits.items() if i in places}, places)
        odds = {i: sums[i].log_odds * _share(sums[i].held, asked_nats) for i in sums}
        exact = {} if absent else self._exact(text, sums, len(found))
        in_folder = sum(match is literal.Match.FOLDER for match in exact.values())
        for i, match in exact.items():
            odds[i] += literal.evidence(match, self._all, in_folder)
        best = sorted(sums, key=lambda i: (-odds[i], i))
        return FullTextScores(
            np.array(best, np.int64),
            np.array([sums[i].bm25 for i in best], np.float64),
            np.array([odds[i] for i in best], np.float64),
            tuple(places[i][0] for i in best),
            tuple(places[i][1] for i in best),
            np.array([exact.get(i, 0) > literal.Match.WORD for i in best], np.bool_),
        )

    def _exact(self, text: str, sums: Mapping[int, _Sum], words: int) -> dict[int, literal.Match]:
        """Return the moments of which the text is a name, a title, a sentence or a phrase."""
        whole = sorted(i for i, total in sums.items() if total.words == words)
        return literal.match_all(self._store, text, whole)

    def _hits(self, text: str) -> tuple[dict[str, dict[int, float]], list[str]]:
        """Return the BM25 scores of moments by word, and the words that no moment has."""
        if self._all > BUDGET:
            asked, absent = self.asked(text)
            return {word: self._matching(word) for word in asked}, absent
        # All of them fit the budget, and need not be counted first.
        found = {word: self._matching(word) for word in tokens(text)[:_MOST_WORDS]}
        return {w: hits for w, hits in found.items() if hits}, [w for w in found if not found[w]]

    def _matching(self, word: str) -> dict[int, float]:
        known = self._rare.get(word)
        if known is None:
            known = self._frequent.get(word)
        if known is not None:
            return known
        found = dict(self._store.words(match_any(word) or "", (), BUDGET))
        if len(found) <= _FEW:
            if len(self._rare) >= _COUNTED:
                self._rare.clear()
            self._rare[word] = found
        else:
            self._frequent.put(word, found)
        return found

    def _add(
        self,
        sums: dict[int, _Sum],
        hits: Mapping[int, float],
        places: Mapping[int, tuple[Kind, Modality]],
    ) -> float:
        """Add what one word says, and return how much it says, in nats."""
        everywhere = _rarity(self._all, len(hits))
        of_modality = Counter(places[i][1] for i in hits)
        rarities = {m: _rarity(self._moments.get(m, n), n) for m, n in of_modality.items()}
        says = min(rarities.values(), default=0.0)
        for moment, score in hits.items():
            total = sums.get(moment)
            if total is None:
                total = sums[moment] = _Sum()
            often = min(score / everywhere, _MOST_OF_A_WORD)
            total.bm25 += score
            total.log_odds += often * rarities[places[moment][1]]
            total.held += says
            total.words += 1
        return says

    def _count(self, word: str) -> int:
        """Count the moments that have a word, no further than they matter."""
        count = self._counts.get(word)
        if count is None:
            match = match_any(word)
            count = self._store.count_words(match, BUDGET + 1) if match else 0
            if len(self._counts) >= _COUNTED:
                self._counts.clear()
            self._counts[word] = count
        return count


def is_literal(text: str, store: Store) -> bool:
    """Tell whether a text is a name, a title or a sentence that is there, word for word."""
    words = FullTextScorer(store, {Modality.IMAGE: store.next_moment()})
    return bool(words.score(text).literal.any())


def _rarity(moments: int, having: int) -> float:
    """Return BM25's inverse document frequency, in nats; never against what is found."""
    return max(math.log((max(moments - having, 0) + 0.5) / (having + 0.5)), _LEAST)


def _share(held: float, asked_nats: float) -> float:
    """Return how much of what a query says a moment holds, damped."""
    return math.sqrt(min(held / asked_nats, 1.0)) if asked_nats > 0 else 1.0
