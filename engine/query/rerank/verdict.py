"""Rerank by a small chat: is this moment what the search is for, yes or no?

A model of some 1.5 billion parameters cannot put a list in order: of eight candidates it prefers
the first, whatever they say. Asked about one at a time it can tell, and how much likelier "yes" is
than "no" as the first word of its answer says how sure it is (Nogueira et al. 2020, "Document
Ranking with a Pretrained Sequence-to-Sequence Model"). So each candidate is in the order once, and
a model that is often unsure moves only what the fused order is in doubt about. What files say is
quoted; whatever a model makes of it, it can only move moments that were found anyway.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import ChatFailed
from engine.generate.chat import Message
from engine.query.rerank.base import Budget, Document, Reranked, clean
from engine.query.rerank.pointwise import Pointwise, Verdicts

CANDIDATES = 6
"""Documents of a query that are judged, from the top: each takes a second of two cores."""
WEIGHT = 2.0
"""Nats for a nat of the verdict. Chosen on 18 of the 36 questions of ``benchmarks.rerank_verdict``,
made up for it: without, the right answers lack 1.06 nats of certainty, with it 0.94, and at 6, the
best, 0.88. The least that does half of that is taken, because so small a model is often wrong."""
UNRELATED = 0.0
"""Log odds up to which a verdict says nothing: of the wrong passages there, 43 % lie above."""
PASSAGE = 200
"""Characters of a passage that are read, some 50 tokens."""
_SYSTEM = "Is the moment in quotes what the search is for? Answer yes or no."
_NEVER = -20.0
"""The log probability of a word that is not among the likeliest ones."""


class AnsweringChat(Protocol):
    """A chat that says how probable each first word of its answer is."""

    model: str

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        ...

    def load(self) -> None:
        """Load it now."""
        ...

    def first_words(self, messages: Sequence[Message], *, seconds: float) -> Mapping[str, float]:
        """Return the likeliest first words of an answer with their log probabilities, in nats."""
        ...


class Verdict(Pointwise):
    """``llm`` by a model of this machine: the fused score plus its weighted verdict.

    Args:
        seconds: of one query at most, as the settings have it.
        weight: of a nat of the verdict.
    """

    def __init__(self, chat: AnsweringChat, *, seconds: float, weight: float = WEIGHT) -> None:
        super().__init__(_ChatJudge(chat, seconds), weight=weight)

    def rerank(self, query: str, documents: Sequence[Document], budget: Budget) -> Reranked:
        """Put documents in order; see ``Reranker.rerank``."""
        few = replace(budget, candidates=min(budget.candidates, CANDIDATES))
        return super().rerank(query, documents, few)


class _ChatJudge:
    """Log odds that a passage is what a search is for, above those of unrelated ones."""

    name = "llm"

    def __init__(self, chat: AnsweringChat, seconds: float) -> None:
        self._chat, self._seconds = chat, seconds
        self.model = chat.model

    @property
    def description(self) -> str:
        """The name of the model in a line of progress."""
        return self.model

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        return self._chat.is_loaded()

    def load(self) -> None:
        """Load it now."""
        try:
            self._chat.load()
        except ChatFailed as error:  # which reranking notes
            raise RuntimeError(str(error)) from None

    def refusal(self, query: str) -> str | None:
        """Return None: any query is judged."""

    def passage(self, _: str, document: Document) -> str:
        """Return the words that are judged; nothing where a moment has none."""
        return clean(document.words, PASSAGE)

    def judging(self, query: str) -> Verdicts:
        """Return the verdicts for one query, of which all together have the time of one."""
        deadline = monotonic() + self._seconds

        def verdicts(passages: Sequence[str]) -> NDArray[np.float64]:
            try:
                odds = [self._odds(query, passage, deadline) for passage in passages]
            except ChatFailed as error:
                raise RuntimeError(str(error)) from None
            return np.maximum(np.array(odds) - UNRELATED, 0.0)

        return verdicts

    def _odds(self, query: str, passage: str, deadline: float) -> float:
        seconds = max(deadline - monotonic(), 0.0)
        return log_odds(self._chat.first_words(question(query, passage), seconds=seconds))


def question(query: str, passage: str) -> tuple[Message, ...]:
    """Return the question about one passage; the query comes first, since it is read once."""
    search, moment = (json.dumps(text, ensure_ascii=False) for text in (query, passage))
    asked = f"Search: {search}\nMoment: {moment}"
    return Message.from_text("system", _SYSTEM), Message.from_text("user", asked)


def log_odds(words: Mapping[str, float]) -> float:
    """Return how much likelier "yes" is than "no", in nats.

    Raises:
        ChatFailed: neither is among the words.
    """
    yes, no = (_probability(words, word) for word in ("yes", "no"))
    if yes == no == _NEVER:
        raise ChatFailed("the model says neither yes nor no")
    return yes - no


def _probability(words: Mapping[str, float], word: str) -> float:
    """Return the log probability of a word, in small letters and capitals together."""
    logs = [log for spelling, log in words.items() if spelling.strip().lower() == word]
    return float(np.logaddexp.reduce(logs)) if logs else _NEVER
