"""Rerank by judging a document at a time: evidence in nats, added to the fused score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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

_QUERY = 300
"""Characters of the query that are looked at."""
_FIRST, _BATCH = 2, 8
"""Documents that are judged before time is looked at; the first few say how long it takes."""
_KEPT = 20_000
"""Verdicts in the cache: those of 400 queries."""

_Key: TypeAlias = tuple[str, str, int, bytes]
Verdicts: TypeAlias = Callable[[Sequence[str]], NDArray[np.float64]]
"""The nats of evidence, shape (n,), that n passages give for one query."""


class Judge(Protocol):
    """A model that says how much a passage speaks for a query."""

    name: str
    """The name that queries ask for it by."""
    model: str

    @property
    def description(self) -> str:
        """The name of the model in a line of progress."""
        ...

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        ...

    def load(self) -> None:
        """Load it now."""
        ...

    def refusal(self, query: str) -> str | None:
        """Return why a query is not judged at all; None where it is."""
        ...

    def passage(self, query: str, document: Document, /) -> str:
        """Return what is read of a document; nothing where it has no words to judge."""
        ...

    def judging(self, query: str) -> Verdicts:
        """Return the verdicts on passages for one query."""
        ...


class Pointwise:
    """A judge as a reranker: the fused score plus a weighted verdict.

    Args:
        weight: of a nat of the verdict.
    """

    def __init__(self, judge: Judge, *, weight: float) -> None:
        self.name = judge.name
        self._judge = judge
        self._weight = weight
        self._cache: LRUCache[_Key, float] = LRUCache(_KEPT)

    def load(self, progress: Progress) -> None:
        """Load the model; see ``Reranker.load``."""
        if self._judge.is_loaded():
            return
        progress.message(f"loading {self._judge.description}")
        with suppress(RuntimeError, MemoryError):  # which ``rerank`` meets again, and notes
            self._judge.load()

    def rerank(self, query: str, documents: Sequence[Document], budget: Budget) -> Reranked:
        """Put documents in order; see ``Reranker.rerank``.

        Time is looked at between batches, best first: what would not be done in time keeps its
        fused score, as does what has no words. A model that is not loaded in time goes on loading,
        for the next query.
        """
        started = monotonic()
        work = _Work(self._judge, self._cache, clean(query, _QUERY), started + budget.seconds)
        top = documents[: max(0, budget.candidates)]
        work.run(top)
        scores = {
            document.moment_id: document.score
            + self._weight * work.verdicts.get(document.moment_id, 0.0)
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


@dataclass(frozen=True, slots=True)
class _Read:
    """A document with the passage that is read of it."""

    moment_id: int
    passage: str


@dataclass(slots=True)
class _Work:
    """One query's way through the model."""

    judge: Judge
    cache: LRUCache[_Key, float]
    query: str
    deadline: float
    verdicts: dict[int, float] = field(default_factory=dict)
    asked: bool = False
    note: str | None = None
    late: str | None = None

    def run(self, documents: Sequence[Document]) -> None:
        """Find the verdicts on ``documents``, as many as there is time for."""
        self.note = self.judge.refusal(self.query) if self.query else None
        if self.note or not self.query:
            return
        passages = ((d.moment_id, self.judge.passage(self.query, d)) for d in documents)
        read = [_Read(moment, passage) for moment, passage in passages if passage]
        todo = [document for document in read if not self._remember(document)]
        try:
            complete = not todo or self._judge_all(todo)
        except (RuntimeError, MemoryError) as error:
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            self.note = f"{self._count(read)} reranked: the model failed ({reason})"
        else:
            if not complete:
                self.note = self.late or f"{self._count(read)} reranked in time"

    def _count(self, documents: Sequence[_Read]) -> str:
        return f"{len(self.verdicts)} of {len(documents)}"

    def _remember(self, document: _Read) -> bool:
        verdict = self.cache.get(self._key(document))
        if verdict is not None:
            self.verdicts[document.moment_id] = verdict
        return verdict is not None

    def _judge_all(self, documents: Sequence[_Read]) -> bool:
        """Judge documents, and tell whether there was time for all."""
        if not self._is_loaded() or monotonic() >= self.deadline:
            return False
        self.asked = True
        judging = self.judge.judging(self.query)
        slowest = 0.0
        for batch in _batches(documents):
            before = monotonic()
            if before + slowest * len(batch) >= self.deadline:
                return False
            for document, verdict in zip(
                batch, judging([document.passage for document in batch]).tolist(), strict=True
            ):
                self.verdicts[document.moment_id] = verdict
                self.cache.put(self._key(document), verdict)
            slowest = max(slowest, (monotonic() - before) / len(batch))
        return True

    def _is_loaded(self) -> bool:
        """Wait for the model, and tell whether it is there by the deadline or no longer on its way.

        A model that cannot be loaded says so when it is asked.
        """
        left = self.deadline - monotonic()
        if self.judge.is_loaded() or left <= 0:
            return left > 0
        loading = Thread(target=self._load, daemon=True)
        loading.start()
        loading.join(left)
        if loading.is_alive():
            self.late = "the language model was not loaded in time"
        return not loading.is_alive()

    def _load(self) -> None:
        with suppress(Exception):
            self.judge.load()

    def _key(self, document: _Read) -> _Key:
        return self.query, self.judge.model, document.moment_id, fingerprint(document.passage)


def _batches(documents: Sequence[_Read]) -> Iterator[Sequence[_Read]]:
    """Yield the first few, and then as many at a time as the model takes."""
    yield documents[:_FIRST]
    for first in range(_FIRST, len(documents), _BATCH):
        yield documents[first : first + _BATCH]
