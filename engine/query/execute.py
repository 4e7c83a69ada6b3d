"""Run a plan: find candidates in each branch, then score all of them in every branch.

Finding and scoring are two steps, because a moment that one branch found has a
score in the others too, which their own lists of nearest cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from engine.index.allowed import Allowed
from engine.index.base import VectorIndex
from engine.index.space import SpaceIndex
from engine.query.calibrate import BackgroundKey, background, log_odds, words_log_odds
from engine.query.embed import QueryVectors
from engine.query.selective import BUDGET
from engine.store import Background, Store, match_any
from engine.types import (
    Branch,
    Candidate,
    Kind,
    Modality,
    MomentIds,
    Plan,
    Vectors,
)

_MIXED = (Modality.SOUND, Modality.SPEECH)
"""Modalities that assets of more than one kind have."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a plan is run against."""

    store: Store
    indexes: Mapping[str, SpaceIndex]
    backgrounds: Mapping[BackgroundKey, Background]
    allowed: Callable[[tuple[Kind, ...], Modality], Allowed]
    """The moments of some kinds and one modality."""
    match: Callable[[str], str | None] = match_any
    """What to ask full text search for a text."""

    def index(self, branch: Branch) -> VectorIndex | None:
        """The index that a branch searches; None where its last vector has gone since
        the query was planned."""
        return self.indexes[branch.space or ""].indexes.get(_modality(branch))

    def size(self, plan: Plan) -> int:
        """How many moments the vectors of a plan can find at most."""
        searched = [self.index(branch) for branch in plan.branches if branch.space]
        return sum(len(index) for index in searched if index is not None)


def execute(plan: Plan, vectors: QueryVectors, sources: Sources) -> list[Candidate]:
    """Every wanted branch's candidates, with their scores in all branches."""
    spaces = [(b, vectors.of(b)) for b in plan.branches if b.space]
    found = _found_by_vectors(plan, spaces, sources)
    words = _found_by_words(plan, sources)
    _add_found_by_words(found, words, plan.fetch, sources.store)
    candidates = list(_scored(spaces, found, sources))
    candidates.extend(_scored_by_words(words, set().union(*found.values())))
    return candidates


def _found_by_vectors(
    plan: Plan, spaces: Sequence[tuple[Branch, Vectors]], sources: Sources
) -> dict[Modality, set[int]]:
    """Per modality, the nearest moments of every wanted branch."""
    found: dict[Modality, set[int]] = {}
    for branch, vector in spaces:
        index = sources.index(branch)
        if index is not None and branch.weight > 0:
            ids, _ = index.search(vector, plan.fetch, _allowed(branch, plan, sources))
            found.setdefault(_modality(branch), set()).update(ids.tolist())
    return found


def _found_by_words(plan: Plan, sources: Sources) -> list[tuple[Branch, dict[int, float]]]:
    """All moments that have words of a branch, best first, with their BM25.

    There are few enough to list them: that is what ``Selective`` sees to.
    """
    return [
        (branch, dict(sources.store.words(match, plan.query.kinds, BUDGET)))
        for branch in plan.branches
        if branch.space is None and (match := sources.match(branch.term or ""))
    ]


def _add_found_by_words(
    found: dict[Modality, set[int]],
    words: Iterable[tuple[Branch, dict[int, float]]],
    fetch: int,
    store: Store,
) -> None:
    """Let vectors score what only wanted words found; its modality is in the catalog."""
    known = set().union(*found.values())
    wanted = (islice(hits, fetch) for branch, hits in words if branch.weight > 0)
    new = [moment for moment in set().union(*wanted) if moment not in known]
    for moment, record in (store.records(new) if new else {}).items():
        found.setdefault(record.moment.modality, set()).add(moment)


def _scored(
    spaces: Iterable[tuple[Branch, Vectors]],
    found: Mapping[Modality, set[int]],
    sources: Sources,
) -> Iterator[Candidate]:
    """The exact scores of all found moments in each branch of their modality."""
    for branch, vector in spaces:
        index = sources.index(branch)
        if index is None:
            continue
        ids, rows = _held(index, np.array(sorted(found.get(_modality(branch), ())), np.int64))
        kind = "text" if branch.term is not None else branch.name
        against = background(sources.backgrounds, (branch.space or "", kind, _modality(branch)))
        raw = (rows @ vector).astype(np.float64)
        odds = log_odds(raw, against)
        for moment, score, odd in zip(ids.tolist(), raw.tolist(), odds.tolist(), strict=True):
            yield Candidate(moment, branch, score, odd)


def _scored_by_words(
    words: Iterable[tuple[Branch, dict[int, float]]], found: set[int]
) -> Iterator[Candidate]:
    """What of the found moments has the words of each branch, wanted or not."""
    for branch, hits in words:
        for moment in hits.keys() & found:
            yield Candidate(moment, branch, hits[moment], words_log_odds(hits[moment]))


def _held(index: VectorIndex, ids: MomentIds) -> tuple[MomentIds, Vectors]:
    """Those of ids that the index holds, with their vectors."""
    held = ids[index.holds(ids)]
    return held, index.vectors(held)


def _modality(branch: Branch) -> Modality:
    if branch.modality is None:
        raise ValueError(f"branch {branch.name!r} searches a space and names no modality")
    return branch.modality


def _allowed(branch: Branch, plan: Plan, sources: Sources) -> Allowed | None:
    """The moments that the kinds admit, where the modality alone does not decide it."""
    kinds: tuple[Kind, ...] = plan.query.kinds
    if not kinds or branch.modality not in _MIXED or {Kind.VIDEO, Kind.AUDIO} <= set(kinds):
        return None
    return sources.allowed(kinds, _modality(branch))
