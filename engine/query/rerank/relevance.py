"""Judge how probably documents of a caller answer a query: texts, media, and moments.

All are judged as hits of a search are: by how far their vectors stand out of what chance does in
the space of the library, as a probability. A text of several words is also judged by the
cross-encoder, which reads query and text together, where that is installed and knows the language
of the query; the more confident of both counts, since the one knows no other language and the
other does not know what answers a question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.common.progress import NO_PROGRESS, Progress
from engine.query.calibration.confidence import confidence
from engine.query.calibration.log_odds import BackgroundKey, background, expected, log_odds
from engine.query.families import better_of_families
from engine.query.rerank.cross import Pairs, count_words, refusal
from engine.store import Background
from engine.types import Branch, BranchScores, Modality, PartKind, QueryPart
from engine.types.arrays import Vectors

_PART_LETTERS = 800
"""Letters of a passage that the cross-encoder reads at a time, near its 256 tokens."""
_MOST_PARTS = 8
"""Parts of a long passage that are read."""
_MOST_LETTERS = 65_536
"""Letters of a passage that are looked through for these parts, ten times as many as they have."""
_PASSAGE_WORDS = 3
"""Fewest different words of a passage that the cross-encoder judges; of fewer it knows nothing."""
_BATCH = 16
"""Parts of passages that the cross-encoder reads at a time."""

Rows: TypeAlias = Mapping[str, Vectors]
"""Vectors (dim,) by space."""


@dataclass(frozen=True, slots=True)
class DocumentRelevance:
    """The probability that one document answers."""

    index: int
    """The place of the document among those that were given."""
    score: float
    """In [0, 1]."""
    by: str
    """``cross`` for the cross-encoder, ``space`` for the space of the library."""


@dataclass(frozen=True, slots=True)
class JudgedDocument:
    """One document as it is judged: words, or vectors of what is seen or heard."""

    text: str = ""
    rows: Rows | None = None
    modality: Modality = Modality.SPEECH


@dataclass(frozen=True)
class RelevanceJudge:
    """Judges documents in the spaces that texts are asked in.

    Attributes:
        embed_query: embeds texts that ask in one of ``spaces``, (n, dim).
        embed_texts: embeds texts that may answer into the shared space, (n, dim).
        cross: the cross-encoder; None where it is not installed.
    """

    spaces: Sequence[str]
    """The shared space, and the further ones of pictures."""
    embed_query: Callable[[str, Sequence[str]], Vectors]
    embed_texts: Callable[[Sequence[str]], Vectors]
    backgrounds: Mapping[BackgroundKey, Background]
    cross: Pairs | None = None

    def judge(
        self, query: str, documents: Sequence[JudgedDocument], progress: Progress = NO_PROGRESS
    ) -> list[DocumentRelevance]:
        """Return the relevance of each document, best first; of equal ones the first leads."""
        if not documents:
            return []
        by_cross = self._by_cross(query, documents, progress)
        by_space = self._by_space(query, documents).tolist()
        found = [
            DocumentRelevance(
                place, max(score, by_cross.get(place, 0.0)), _by(score, by_cross.get(place))
            )
            for place, score in enumerate(by_space)
        ]
        return sorted(found, key=lambda relevance: (-relevance.score, relevance.index))

    def _by_cross(
        self, query: str, documents: Sequence[JudgedDocument], progress: Progress
    ) -> dict[int, float]:
        """Return the scores of the texts that the cross-encoder can judge, by their places."""
        if self.cross is None or refusal(self.cross, query) is not None:
            return {}
        parts: list[str] = []
        owners: list[int] = []
        for place, document in enumerate(documents):
            begin = document.text[:_MOST_LETTERS]
            if count_words(begin) >= _PASSAGE_WORDS:
                own = passages(begin)
                parts += own
                owners += [place] * len(own)
        if not parts:
            return {}
        best: dict[int, float] = {}
        for place, logit in zip(owners, self._logits(query, parts, progress), strict=True):
            best[place] = max(logit, best.get(place, -np.inf))
        return {place: float(1 / (1 + np.exp(-logit))) for place, logit in best.items()}

    def _logits(self, query: str, parts: Sequence[str], progress: Progress) -> list[float]:
        """Return the log odds of each part; those of a like length are computed together."""
        assert self.cross is not None
        order = sorted(range(len(parts)), key=lambda place: len(parts[place]))
        found = [0.0] * len(parts)
        for first in range(0, len(order), _BATCH):
            progress.advance(0)
            places = order[first : first + _BATCH]
            logits = self.cross.logits(query, [parts[place] for place in places])
            for place, logit in zip(places, logits.tolist(), strict=True):
                found[place] = logit
        return found

    def _by_space(self, query: str, documents: Sequence[JudgedDocument]) -> NDArray[np.float64]:
        """Return the probabilities (n,) of documents by their vectors."""
        texts = [document.text for document in documents if document.rows is None]
        embedded = iter(self.embed_texts(texts)) if texts else iter(())
        shared = self.spaces[0]
        rows = [document.rows or {shared: next(embedded)} for document in documents]
        part = QueryPart(query, PartKind.TEXT)
        scored = []
        for modality in dict.fromkeys(document.modality for document in documents):
            places = [at for at, d in enumerate(documents) if d.modality is modality]
            for space in self.spaces:
                held = np.array([at for at in places if space in rows[at]], np.int64)
                if len(held):
                    branch = Branch("text", space, modality, (part,), family=shared)
                    scored.append(self._scored(branch, query, held, rows))
        evidence = np.full(len(documents), -np.inf)
        for scores in better_of_families(scored):
            evidence[scores.ids] = np.maximum(evidence[scores.ids], scores.log_odds)
        return confidence(evidence, float(evidence.max()), scored)

    def _scored(
        self, branch: Branch, query: str, places: NDArray[np.int64], rows: Sequence[Rows]
    ) -> BranchScores:
        space, modality = branch.space or "", branch.modality or Modality.SPEECH
        vectors = np.stack([rows[place][space] for place in places])
        raw = (vectors @ self.embed_query(space, [query])[0]).astype(np.float64)
        against = background(self.backgrounds, (space, "text", modality))
        mean = expected(against, vectors)
        odds = log_odds(raw, mean, against)
        return BranchScores(branch, places, raw, odds, mean, against.std)


def _by(space: float, cross: float | None) -> str:
    return "space" if cross is None or cross < space else "cross"


def passages(text: str) -> list[str]:
    """Split a text into parts that the cross-encoder reads whole, between words."""
    parts: list[str] = []
    rest = " ".join(text.split())
    while rest and len(parts) < _MOST_PARTS:
        part = rest[:_PART_LETTERS]
        if len(rest) > _PART_LETTERS:
            part = part.rpartition(" ")[0] or part
        parts.append(part)
        rest = rest[len(part) :].lstrip()
    return parts
