"""The interface of rerankers: documents, a budget, and a new order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.common.progress import Progress


@dataclass(frozen=True, slots=True)
class Document:
    """A moment as a language model gets to know it."""

    moment_id: int
    score: float
    """Fused log odds, in nats."""
    words: str = ""
    """The words said, read or seen in it: speech, text on screen, tags, the file's name."""
    written: str = ""
    """The words that people said or wrote: speech, text on screen, and with the beginning of a
    file its caption and its name."""
    facts: str = ""
    """Facts of the catalog: kind, the path's name, times."""
    thumbnail: Callable[[], bytes] | None = None
    """A function that makes a JPEG, when it is asked for."""
    modality: str = ""
    """The modality of the moment (``image``, ``keyframe``, ``speech``)."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of what reranking one query may cost."""

    candidates: int = 50
    """Documents from the top; those behind them keep their order."""
    seconds: float = 20.0
    tokens: int = 20_000
    """The tokens of question and answer together, estimated before the question is sent."""
    money: float = 0.05
    """US dollars, where the settings say what a token costs."""


@dataclass(frozen=True, slots=True)
class Reranked:
    """A new order, and what it came from."""

    order: tuple[int, ...]
    """Ids of all moments that were given, best first."""
    scores: Mapping[int, float]
    """Log odds in nats. Where a model only put moments in order, the fused ones."""
    note: str | None = None
    """The reason why the fused order stands, in one line; None when all went well."""
    cached: bool = False
    """True if no model had to be asked."""
    tokens: int = 0
    """The tokens that a server counted; 0 for a model that runs here."""
    money: float = 0.0
    """US dollars; 0 where the prices are not known."""
    seconds: float = 0.0


class Reranker(Protocol):
    """Puts the top of a ranking in order."""

    name: str

    def load(self, progress: Progress) -> None:
        """Get ready now, which may take long, and is in no budget.

        Args:
            progress: receives a line when something takes long.

        Raises:
            UsageError: the model is not installed or not configured.
        """
        ...

    def rerank(self, query: str, documents: Sequence[Document], budget: Budget) -> Reranked:
        """Return a new order of ``documents``, which come best first.

        Faults of a model or its server never raise: the fused order stands, and
        ``note`` says why.

        Raises:
            UsageError: the model is not installed or not configured.
        """
        ...


def in_fused_order(documents: Iterable[Document], note: str | None) -> Reranked:
    """Return documents in the order that they have."""
    scores = {document.moment_id: document.score for document in documents}
    return Reranked(tuple(scores), scores, note)


def fingerprint(content: str | bytes) -> bytes:
    """Return what stands for a content in a key: 16 bytes of BLAKE2b."""
    data = content if isinstance(content, bytes) else content.encode()
    return hashlib.blake2b(data, digest_size=16).digest()


def clean(text: str, most: int) -> str:
    """Return ``text`` in one line of at most ``most`` characters that any encoding can hold.

    Names of files may hold bytes that are no text, which Python keeps as lone surrogates.
    """
    return " ".join(text.encode("utf-8", "replace").decode().split())[:most]
