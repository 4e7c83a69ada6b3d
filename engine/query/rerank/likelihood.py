"""Rerank by likelihood: how much likelier do a moment's words make the query?

UPR (Sachan et al. 2022, "Improving Passage Retrieval with Zero-Shot Question
Generation") ranks by log p(query | words). Here what the model says without any words
is taken off, which leaves a log likelihood ratio, in nats like the fused log odds, and
evidence adds up in log odds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.common.lru import LRUCache
from engine.common.progress import Progress
from engine.query.rerank.base import Budget, Document, Reranked, clean, fingerprint

WEIGHT = 0.3
"""The weight of the ratio. Chosen on ``benchmarks.rerank_texts``, made up for it: without,
the right answers lack 1.25 nats a question of certainty, at 0.5, the best, 1.03, and less
than 1.06 from 0.3 to 1. The least of those is taken, because so small a model is often
wrong. The whole sum is taken and no mean over tokens: a longer query says more, and its
ratio should."""
_WORDS, _QUERY = 600, 300
"""Characters of a document's words, and of the query, that are looked at."""
_FIRST, _BATCH = 2, 8
"""Documents that are scored before time is looked at; the first few say how long it takes."""
_KEPT = 20_000
"""Ratios in the cache: those of 400 queries."""

_Key: TypeAlias = tuple[str, str, int, bytes]


class Likelihoods(Protocol):
    """A model that says how likely a text is."""

    model: str

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        ...

    def is_prepared(self) -> bool:
        """Tell whether it loads in seconds."""
        ...

    def load(self) -> None:
        """Load it now."""
        ...

    def log_likelihoods(self, prompts: Sequence[str], continuation: str) -> NDArray[np.float64]:
        """log p(continuation | prompt) in nats, shape (n,)."""
        ...


class Likelihood:
    """``lm``: the fused score plus a weighted log likelihood ratio."""

    name = "lm"

    def __init__(self, model: Likelihoods, *, weight: float = WEIGHT) -> None:
        self._model = model
        self._weight = weight
        self._cache: LRUCache[_Key, float] = LRUCache(_KEPT)

    def load(self, progress: Progress) -> None:
        """Load the model; see ``Reranker.load``."""
        if self._model.is_loaded():
            return
        first = "" if self._model.is_prepared() else "; the first time takes half a minute"
        progress.message(f"loading the language model{first}")
        with suppress(RuntimeError, MemoryError):  # which ``rerank`` meets again, and notes
            self._model.load()

    def rerank(self, query: str, documents: Sequence[Document], budget: Budget) -> Reranked:
        """Put documents in order; see ``Reranker.rerank``.

        Time is looked at between batches, best first: what would not be done in time keeps its
        fused score, as does what has no words. A model that is not loaded in time goes on loading,
        for the next query.
        """
        started = monotonic()
        work = _Work(self._model, self._cache, clean(query, _QUERY), started + budget.seconds)
        top = documents[: max(0, budget.candidates)]
        work.run([document for document in top if clean(document.words, 1)])
        scores = {
            document.moment_id: document.score
            + self._weight * work.ratios.get(document.moment_id, 0.0)
            for document in documents
        }
        order = sorted(scores, key=lambda moment: -scores[moment])  # stable
        return Reranked(
            tuple(order),
            scores,
            work.note,
            cached=not work.asked,
            seconds=monotonic() - started,
        )


@dataclass(slots=True)
class _Work:
    """One query's way through the model."""

    model: Likelihoods
    cache: LRUCache[_Key, float]
    query: str
    deadline: float
    ratios: dict[int, float] = field(default_factory=dict)
    asked: bool = False
    note: str | None = None
    late: str | None = None

    def run(self, documents: Sequence[Document]) -> None:
        """Find the ratios of ``documents``, as many as there is time for."""
        if not self.query:
            return
        todo = [document for document in documents if not self._remember(document)]
        try:
            complete = not todo or self._score_all(todo)
        except (RuntimeError, MemoryError) as error:
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            self.note = f"{self._count(documents)} reranked: the model failed ({reason})"
        else:
            if not complete:
                self.note = self.late or f"{self._count(documents)} reranked in time"

    def _count(self, documents: Sequence[Document]) -> str:
        return f"{len(self.ratios)} of {len(documents)}"

    def _remember(self, document: Document) -> bool:
        ratio = self.cache.get(self._key(document))
        if ratio is not None:
            self.ratios[document.moment_id] = ratio
        return ratio is not None

    def _score_all(self, documents: Sequence[Document]) -> bool:
        """Score documents, and tell whether there was time for all."""
        if not self._is_loaded() or monotonic() >= self.deadline:
            return False
        self.asked = True
        (alone,) = self.model.log_likelihoods([prompt("")], f" {self.query}")
        slowest = 0.0
        for batch in _batches(documents):
            before = monotonic()
            if before + slowest * len(batch) >= self.deadline:
                return False
            self._score(batch, float(alone))
            slowest = max(slowest, (monotonic() - before) / len(batch))
        return True

    def _is_loaded(self) -> bool:
        """Wait for the model, and tell whether it is there by the deadline or no longer on its way.

        What went wrong then is raised where it is asked.
        """
        left = self.deadline - monotonic()
        if self.model.is_loaded() or left <= 0:
            return left > 0
        loading = Thread(target=self._load, daemon=True)
        loading.start()
        loading.join(left)
        if loading.is_alive():
            self.late = "the language model was not loaded in time"
        return not loading.is_alive()

    def _load(self) -> None:
        with suppress(Exception):
            self.model.load()

    def _score(self, documents: Sequence[Document], alone: float) -> None:
        prompts = [prompt(document.words) for document in documents]
        logs = self.model.log_likelihoods(prompts, f" {self.query}")
        for document, log in zip(documents, logs.tolist(), strict=True):
            self.ratios[document.moment_id] = log - alone
            self.cache.put(self._key(document), log - alone)

    def _key(self, document: Document) -> _Key:
        words = fingerprint(clean(document.words, _WORDS))
        return self.query, self.model.model, document.moment_id, words


def prompt(words: str) -> str:
    """Return the text that the query is read after."""
    return f"{clean(words, _WORDS)}\nSearch query:"


def _batches(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    """Yield the first few, and then as many at a time as the model takes."""
    yield documents[:_FIRST]
    for first in range(_FIRST, len(documents), _BATCH):
        yield documents[first : first + _BATCH]
