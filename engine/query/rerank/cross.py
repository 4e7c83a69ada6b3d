"""Rerank by a cross-encoder: does what was said, written or captioned answer the query?

Its log odds are added to the fused ones, less what it says of passages that have nothing to
do with a query, and with a weight. So a passage that answers rises, and one that does not
keeps its place, as do hits without words: a picture is no worse an answer because its file's
name says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.query.rerank.base import Document, clean
from engine.query.rerank.pointwise import Pointwise, Verdicts

WEIGHT = 0.5
"""The weight of a nat of the verdict, chosen on half of ``benchmarks.rerank_texts``: of 18
questions the right answers lack 1.06 nats of certainty without, 0.97 with it, and 0.94 at best."""
UNRELATED = -10.4
"""Log odds of a passage below which a verdict says nothing: of 1,692 pairs of
``benchmarks.rerank_texts`` that do not belong together 99 % lie below it, the median at -11.3."""
_PASSAGE = 300
"""Characters of a passage that are read, some 70 tokens."""
ENGLISH_ALONE = "the cross-encoder reads English alone"
"""The reason why nothing is judged in another language."""
_ENGLISH = 0.5
"""Share of a query's letters in whole words of the model's vocabulary from which on it is
read. Of 246 English queries that were looked at, 94 % have it, and 3 of 32 German and
Spanish ones; a French one may be made of words that English has."""
_QUERY_WORDS, _PASSAGE_WORDS = 2, 3
"""Fewest words of query and passage. Of shorter ones the model knows nothing and is sure all
the same: "dog" is answered by "tuesday" at 6.3 and by "00223" at 4.5, and "taxi cab" by
"invoice" at 3.4."""
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_WORD = re.compile(r"\w+")
_STEM = 5
"""Letters by which words of query and passage are compared where a passage is cut."""


class Pairs(Protocol):
    """A model that says how well passages answer a query."""

    model: str

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        ...

    def load(self) -> None:
        """Load it now."""
        ...

    def share_known(self, text: str) -> float:
        """Return the share of a text's letters that lie in words that it knows."""
        ...

    def logits(self, query: str, passages: Sequence[str]) -> NDArray[np.float64]:
        """Return the log odds that each passage answers the query, shape (n,)."""
        ...


class Cross(Pointwise):
    """``cross``: the fused score plus the weighted verdict of a cross-encoder."""

    def __init__(self, model: Pairs, *, weight: float = WEIGHT) -> None:
        super().__init__(_CrossJudge(model), weight=weight)


class _CrossJudge:
    """Verdicts of a cross-encoder on the words that people said or wrote."""

    name = "cross"
    description = "the cross-encoder"

    def __init__(self, model: Pairs) -> None:
        self._model = model
        self.model = model.model

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        return self._model.is_loaded()

    def load(self) -> None:
        """Load it now."""
        self._model.load()

    def refusal(self, query: str) -> str | None:
        """Return why a query is not judged: it is in another language, or too short."""
        reason = refusal(self._model, query)
        return None if reason is None else f"the fused order stands: {reason}"

    def passage(self, query: str, document: Document) -> str:
        """Return what is read of a document, cut around the words of the query."""
        part = excerpt(clean(document.written, 10 * _PASSAGE), query)
        return part if count_words(part) >= _PASSAGE_WORDS else ""

    def judging(self, query: str) -> Verdicts:
        """Return the verdicts for one query."""

        def verdicts(passages: Sequence[str]) -> NDArray[np.float64]:
            return evidence(self._model.logits(query, passages))

        return verdicts


def evidence(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the nats by which passages answer a query better than unrelated ones do."""
    return np.maximum(logits - UNRELATED, 0.0)


def refusal(model: Pairs, query: str) -> str | None:
    """Return why a model cannot judge a query; None where it can."""
    if model.share_known(query) < _ENGLISH:
        return ENGLISH_ALONE
    if count_words(query) < _QUERY_WORDS:
        return "the cross-encoder takes several words to judge"
    return None


def count_words(text: str) -> int:
    """Count the different words of a text, in letters."""
    return len(set(map(str.casefold, _LETTERS.findall(text))))


def excerpt(text: str, query: str) -> str:
    """Return the part of a text that has most words of the query, whole words of it."""
    if len(text) <= _PASSAGE:
        return text
    stems = {word[:_STEM] for word in _WORD.findall(query.casefold())}
    places = [m.start() for m in _WORD.finditer(text) if m[0].casefold()[:_STEM] in stems]
    starts = [max(0, place - _PASSAGE // 4) for place in places] or [0]
    found = [len({text[p : p + _STEM].casefold() for p in places if s <= p < s + _PASSAGE})
             for s in starts]  # fmt: skip
    start = starts[int(np.argmax(found))] if places else 0
    start = 0 if start == 0 else text.find(" ", start) + 1
    part = text[start : start + _PASSAGE]
    return part if start + _PASSAGE >= len(text) else part.rpartition(" ")[0] or part
