"""Put the hits of a search in the order of a reranker."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from typing import TypeAlias

from engine.common.contribution import signed_contribution
from engine.common.progress import Progress
from engine.config import Settings
from engine.query.rerank.base import Budget, Document, Reranked, Reranker
from engine.store.fulltext.documents import spaced_name
from engine.types import Fusion, Hit, Modality, SearchResult, Why

Captions: TypeAlias = "Callable[[Collection[int]], Mapping[int, str]]"

_IN_NATS = {Fusion.CALIBRATED, Fusion.MAX, Fusion.EARLY, Fusion.INTERACTION}
"""Fusions whose scores can be added to a log likelihood ratio."""


def rerank_hits(
    found: SearchResult,
    reranker: Reranker,
    settings: Settings,
    thumbnail: Callable[[int], bytes],
    captions: Captions,
    progress: Progress,
) -> SearchResult:
    """Return the ``top`` hits of a query in the order of a reranker.

    Loading a model is in no budget, because the first query of all would have nothing of
    it; but a deadline is kept, and then the model goes on loading behind.

    Args:
        found: with as many hits as are to be reranked.
        thumbnail: makes a JPEG of a moment, for a model that sees.
        captions: finds the captions of assets, by their ids.
        progress: receives a line when a model is loaded.
    """
    query = found.query
    if not query.text:
        note = f"not reranked: {reranker.name} reads, and the query has no text"
        return replace(found, hits=found.hits[: query.top], notes=(*found.notes, note))
    began = time.perf_counter()
    if query.deadline_ms is None:
        reranker.load(progress)
    loaded = time.perf_counter()
    written = captions({hit.asset_id for hit in found.hits})
    documents = [document_of(hit, found, thumbnail, written) for hit in found.hits]
    done = reranker.rerank(query.text, documents, _budget(found, settings))
    took = {"load": loaded - began, "rerank": time.perf_counter() - loaded}
    return replace(
        found,
        hits=tuple(_in_order(found, reranker.name, done))[: query.top],
        reranked=reranker.name,
        notes=(*found.notes, *(f"{reranker.name}: {note}" for note in _notes(done))),
        took_ms=_with(took, found.took_ms),
    )


def _notes(done: Reranked) -> Iterator[str]:
    """Yield what a server's model has cost, and what is to be known of a new order."""
    if done.tokens:
        money = f", {done.money:.4f} USD" if done.money else ""
        yield f"{done.seconds:.1f} s, {done.tokens:,} tokens{money}"
    if done.note:
        yield done.note


def _with(seconds: Mapping[str, float], took_ms: Mapping[str, float]) -> dict[str, float]:
    """Return the times of a search with those of more stages."""
    more = {stage: took * 1e3 for stage, took in seconds.items()}
    return {**took_ms, **more, "total": took_ms["total"] + sum(more.values())}


def _budget(found: SearchResult, settings: Settings) -> Budget:
    """Return what may be spent, with no more time than the query's deadline leaves."""
    seconds = settings.rerank_seconds
    if found.query.deadline_ms is not None:
        seconds = min(seconds, (found.query.deadline_ms - found.took_ms["total"]) / 1e3)
    return Budget(
        found.query.rerank_top, max(seconds, 0.0), settings.rerank_tokens, settings.rerank_money
    )


def document_of(
    hit: Hit, found: SearchResult, thumbnail: Callable[[int], bytes], captions: Mapping[int, str]
) -> Document:
    """Return a hit as rerankers get to know it; the arguments are those of ``rerank_hits``."""
    words = next((why.words for why in hit.why if why.words), "") or ""
    name = PurePath(hit.path).name
    times = "" if hit.start is None else f", {hit.start:.0f} s"
    return Document(
        hit.moment_id,
        _evidence(hit, found),
        words,
        _written(hit, words, captions.get(hit.asset_id, "")),
        f"{hit.modality} of {hit.kind} {name}{times}",
        partial(thumbnail, hit.moment_id),
        hit.modality,
    )


def _written(hit: Hit, words: str, caption: str) -> str:
    """Return what people said or wrote, without the classes that a tower recognised."""
    parts = [words] if hit.modality in (Modality.SPEECH, Modality.SCREEN) else []
    if not hit.start:
        parts += [caption, spaced_name(hit.path)]
    return ". ".join(filter(None, parts))


def _evidence(hit: Hit, found: SearchResult) -> float:
    fusion = found.query.fusion if found.plan is None else found.plan.fusion
    if fusion in _IN_NATS:
        return hit.score
    return sum(signed_contribution(why.weight, why.log_odds) for why in hit.why)


def _in_order(found: SearchResult, name: str, done: Reranked) -> Iterator[Hit]:
    """Yield the hits in their new order, with what the model says as one more reason."""
    by_moment = {hit.moment_id: hit for hit in found.hits}
    for rank, moment in enumerate(done.order, 1):
        hit, score = by_moment[moment], done.scores[moment]
        gain = score - _evidence(hit, found)
        why = hit.why if not gain else (*hit.why, Why(name, None, gain, gain, 1.0))
        yield replace(hit, rank=rank, score=score, why=why)
