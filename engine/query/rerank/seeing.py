"""Rerank by a model that sees: it counts for those modalities alone where it was measured to gain.

A model of pairs can be worse for pictures than the encoder that found them, and better for pages.
So a library measures it on its own judgements (``sensorium evaluate-rerank``), which also says
how much a nat of its verdict counts.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.common.lru import LRUCache
from engine.common.progress import Progress
from engine.errors import SensoriumError
from engine.query.rerank.base import Budget, Document, Reranked, clean, in_fused_order
from engine.query.rerank.gains import ModalityGain, RerankEvaluation

_QUERY, _TEXT = 300, 1200
"""Characters of the query and of a text that are looked at."""
_BATCH = 4
"""Documents that are judged before time is looked at."""
_KEPT = 20_000
SEEN = ("image", "keyframe")
"""The modalities of which a model sees the picture."""
_READ = ("speech", "screen")

SeenOrRead: TypeAlias = "str | Image.Image"


class PairModel(Protocol):
    """A model that sees a query and a document together."""

    name: str

    @property
    def revision(self) -> str:
        """The revision of its weights."""
        ...

    @property
    def reads(self) -> bool:
        """Tell whether documents may be texts."""
        ...

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        ...

    def load(self) -> None:
        """Load it now."""
        ...

    def logits(self, query: str, documents: Sequence[SeenOrRead]) -> NDArray[np.float64]:
        """Return the log odds that each document matches, (n,)."""
        ...


@runtime_checkable
class DocumentModel(Protocol):
    """A model of pairs that finds the pictures of documents by itself."""

    def verdicts(self, query: str, documents: Sequence[Document]) -> dict[int, float]:
        """Return what a model of pairs says of documents, by moment."""
        ...


def verdicts_of(model: PairModel, query: str, documents: Sequence[Document]) -> Mapping[int, float]:
    """Return the log odds, as a model means them, of those documents that it can judge."""
    if isinstance(model, DocumentModel):
        return model.verdicts(query, documents)
    seen = [(d.moment_id, seen_document(d, model.reads)) for d in documents]
    read = [(moment, document) for moment, document in seen if document is not None]
    if not read:
        return {}
    logits = model.logits(query, [document for _, document in read])
    return {moment: float(logit) for (moment, _), logit in zip(read, logits, strict=True)}


def seen_document(document: Document, reads: bool) -> SeenOrRead | None:
    """Return a document as a model sees or reads it; None where there is nothing of the kind."""
    if document.modality in SEEN and document.thumbnail is not None:
        with suppress(SensoriumError, OSError, ValueError):
            return Image.open(io.BytesIO(document.thumbnail())).convert("RGB")
    if reads and document.modality in _READ and document.words:
        return clean(document.words, _TEXT)
    return None


class Seeing:
    """``vl:NAME`` or ``late:NAME``: the fused score plus the weighted verdict of a model that sees.

    Args:
        gains: reads what was measured in the library; None where nothing was.
    """

    def __init__(self, model: PairModel, gains: Callable[[], RerankEvaluation | None]) -> None:
        self.name = model.name
        self._model = model
        self._gains = gains
        self._cache: LRUCache[tuple[str, int], float] = LRUCache(_KEPT)

    def load(self, progress: Progress) -> None:
        """Load the model, where it is used; see ``Reranker.load``."""
        if _used(self._gains()) and not self._model.is_loaded():
            progress.message(f"loading the reranker {self.name}")
            self._model.load()

    def rerank(self, query: str, documents: Sequence[Document], budget: Budget) -> Reranked:
        """Put documents in order; see ``Reranker.rerank``."""
        started = monotonic()
        measured = self._gains()
        used = _used(measured)
        if note := self._refusal(measured, used):
            return in_fused_order(documents, note)
        work = _Judging(self._model, self._cache, clean(query, _QUERY), started + budget.seconds)
        top = [d for d in documents[: max(0, budget.candidates)] if d.modality in used]
        if not work.loaded():
            return in_fused_order(documents, "the model was not loaded in time")
        if measured is not None and measured.revision != self._model.revision:
            return in_fused_order(
                documents,
                "not used: it was measured with other weights; `sensorium evaluate-rerank` does"
                " that anew",
            )
        work.run(top)
        scores = {d.moment_id: d.score + _verdict(d, work.logits, used) for d in documents}
        order = sorted(scores, key=lambda moment: -scores[moment])  # stable
        counted = f"counts for {' and '.join(sorted(used))}, where it gained on judgements"
        note = f"{work.note}; {counted}" if work.note else counted
        return Reranked(
            tuple(order), scores, note, cached=not work.asked, seconds=monotonic() - started
        )

    def _refusal(
        self, measured: RerankEvaluation | None, used: Mapping[str, ModalityGain]
    ) -> str | None:
        if measured is None:
            return (
                "not used: nobody has measured whether it gains here; `sensorium"
                f" evaluate-rerank JUDGEMENTS {self.name}` does"
            )
        return None if used else "not used: it gained for no modality on judgements of this library"


def _used(measured: RerankEvaluation | None) -> dict[str, ModalityGain]:
    if measured is None:
        return {}
    return {modality: gain for modality, gain in measured.modalities.items() if gain.used}


def _verdict(
    document: Document, logits: Mapping[int, float], used: Mapping[str, ModalityGain]
) -> float:
    gain = used.get(document.modality)
    if gain is None or document.moment_id not in logits:
        return 0.0
    return gain.weight * (logits[document.moment_id] - gain.middle)


@dataclass(slots=True)
class _Judging:
    """One query's way through the model."""

    model: PairModel
    cache: LRUCache[tuple[str, int], float]
    query: str
    deadline: float
    logits: dict[int, float] = field(default_factory=dict)
    asked: bool = False
    note: str | None = None

    def loaded(self) -> bool:
        """Wait for the model until the deadline; it goes on loading behind."""
        left = self.deadline - monotonic()
        if self.model.is_loaded() or left <= 0:
            return self.model.is_loaded()
        loading = Thread(target=self._load, daemon=True)
        loading.start()
        loading.join(left)
        return self.model.is_loaded()

    def _load(self) -> None:
        with suppress(Exception):
            self.model.load()

    def run(self, documents: Sequence[Document]) -> None:
        """Find the verdicts on documents, as many as there is time for."""
        todo = []
        for document in documents:
            known = self.cache.get((self.query, document.moment_id))
            if known is None:
                todo.append(document)
            else:
                self.logits[document.moment_id] = known
        try:
            for first in range(0, len(todo), _BATCH):
                if monotonic() >= self.deadline:
                    self.note = f"{len(self.logits)} of {len(documents)} judged in time"
                    return
                self._judge(todo[first : first + _BATCH])
        except (RuntimeError, ValueError, MemoryError) as error:
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            self.note = f"{len(self.logits)} of {len(documents)} judged: it failed ({reason})"

    def _judge(self, documents: Sequence[Document]) -> None:
        found = verdicts_of(self.model, self.query, documents)
        self.asked = self.asked or bool(found)
        for moment, logit in found.items():
            self.logits[moment] = logit
            self.cache.put((self.query, moment), logit)
