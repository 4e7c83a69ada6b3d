"""Measure what a reranker that sees gains, for each modality, on queries that are held out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import TypeAlias

from engine.common.progress import Progress
from engine.query.rerank.base import Document
from engine.query.rerank.gains import ModalityGain, RerankEvaluation
from engine.query.rerank.seeing import PairModel, verdicts_of

_WEIGHTS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""The weights that are tried: models say log odds in units of their own."""

Verdicts: TypeAlias = Mapping[int, float]
"""Log odds by moment."""


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query with its hits in the fused order, and which of them answer it."""

    text: str
    documents: tuple[Document, ...]
    relevant: frozenset[int]


def evaluate(
    model: PairModel, queries: Sequence[JudgedQuery], progress: Progress
) -> RerankEvaluation:
    """Return what a model gains. Half of the queries choose its weight, the others measure.

    Which half a query is in depends on its words alone, so that a query that chose a weight
    once never measures it later.
    """
    progress.start("judging", len(queries))
    verdicts = []
    for query in queries:
        verdicts.append(verdicts_of(model, query.text, query.documents))
        progress.advance()
    modalities = {d.modality for q, v in zip(queries, verdicts, strict=True) for d in q.documents
                  if d.moment_id in v}  # fmt: skip
    pairs = list(zip(queries, verdicts, strict=True))
    chosen = [pair for pair in pairs if _chooses(pair[0].text)]
    measured = [pair for pair in pairs if not _chooses(pair[0].text)]
    gains = {}
    for modality in sorted(modalities):
        if gain := _gain(modality, chosen, measured):
            gains[modality] = gain
    return RerankEvaluation(model.name, model.revision, gains)


def _chooses(text: str) -> bool:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=1).digest()[0] % 2 == 0


_Pairs: TypeAlias = Sequence[tuple[JudgedQuery, Verdicts]]


def _gain(modality: str, chosen: _Pairs, measured: _Pairs) -> ModalityGain | None:
    """Return the gain for one modality; None where no query says anything of it."""
    chosen, measured = _of(modality, chosen), _of(modality, measured)
    if not chosen or not measured:
        return None
    middle = median(
        verdicts[d.moment_id]
        for query, verdicts in chosen
        for d in query.documents
        if d.modality == modality and d.moment_id in verdicts
    )
    weight = max(_WEIGHTS, key=lambda w: fmean(_ranks(modality, chosen, w, middle)))
    before = _ranks(modality, measured, 0.0, middle)
    after = _ranks(modality, measured, weight, middle)
    differences = [b - a for a, b in zip(before, after, strict=True)]
    error = stdev(differences) / math.sqrt(len(differences)) if len(differences) > 1 else math.inf
    return ModalityGain(len(measured), fmean(before), fmean(after), error, weight, middle)


def _of(modality: str, pairs: _Pairs) -> _Pairs:
    """Return the queries that have an answer, and a hit of a modality to judge."""
    return [
        (query, verdicts)
        for query, verdicts in pairs
        if query.relevant
        and any(d.modality == modality and d.moment_id in verdicts for d in query.documents)
    ]


def _ranks(modality: str, pairs: _Pairs, weight: float, middle: float) -> list[float]:
    """Return the reciprocal rank of each query's first answer, with verdicts of a weight."""
    found = []
    for query, verdicts in pairs:
        scores = {
            d.moment_id: d.score
            + (weight * (verdicts[d.moment_id] - middle)
               if d.modality == modality and d.moment_id in verdicts else 0.0)
            for d in query.documents
        }  # fmt: skip
        order = sorted(scores, key=lambda moment: -scores[moment])  # stable
        found.append(next((1 / r for r, m in enumerate(order, 1) if m in query.relevant), 0.0))
    return found
