"""Run a plan: find candidates in each branch, then score all of them in every branch.

Finding and scoring are two steps, because a moment that one branch found has a
score in the others too, which their own lists of nearest cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.index.base import VectorIndex
from engine.index.space import SpaceIndex
from engine.query.calibrate import BackgroundKey, background, log_odds, words_log_odds
from engine.query.embed import QueryVectors
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


def execute(plan: Plan, vectors: QueryVectors, sources: Sources) -> list[Candidate]:
    """Every wanted branch's candidates, with their scores in all branches."""
    spaces = [(b, vectors.of(b)) for b in plan.branches if b.space]
    found = _found_by_vectors(plan, spaces, sources)
    words = _found_by_words(plan, sources)
    _add_found_by_words(found, words, sources.store)
    candidates = list(_scored(spaces, found, sources))
    candidates.extend(c for c in words if c.branch.weight > 0 or _is_found(c.moment_id, found))
    return candidates


def _found_by_vectors(
    plan: Plan, spaces: Sequence[tuple[Branch, Vectors]], sources: Sources
) -> dict[Modality, set[int]]:
    """Per modality, the nearest moments of every wanted branch."""
    found: dict[Modality, set[int]] = {}
    for branch, vector in spaces:
        if branch.weight > 0:
            index = _index(branch, sources)
            ids, _ = index.search(vector, plan.fetch, _allowed(branch, plan, sources.store))
            found.setdefault(_modality(branch), set()).update(ids.tolist())
    return found


def _found_by_words(plan: Plan, sources: Sources) -> list[Candidate]:
    """What full text search finds, wanted or not."""
    candidates = []
    for branch in plan.branches:
        if branch.space is None and (match := match_any(branch.term or "")):
            hits = sources.store.words(match, plan.query.kinds, plan.fetch)
            candidates += [Candidate(m, branch, bm25, words_log_odds(bm25)) for m, bm25 in hits]
    return candidates


def _add_found_by_words(
    found: dict[Modality, set[int]], words: Iterable[Candidate], store: Store
) -> None:
    """Let vectors score what only words found; its modality is in the catalog."""
    known = set().union(*found.values())
    new = [c.moment_id for c in words if c.branch.weight > 0 and c.moment_id not in known]
    for moment, record in (store.records(new) if new else {}).items():
        found.setdefault(record.moment.modality, set()).add(moment)


def _scored(
    spaces: Iterable[tuple[Branch, Vectors]],
    found: Mapping[Modality, set[int]],
    sources: Sources,
) -> Iterator[Candidate]:
    """The exact scores of all found moments in each branch of their modality."""
    for branch, vector in spaces:
        ids = np.array(sorted(found.get(_modality(branch), ())), np.int64)
        ids, rows = _held(_index(branch, sources), ids)
        kind = "text" if branch.term is not None else "example"
        against = background(sources.backgrounds, (branch.space or "", kind, _modality(branch)))
        for moment, raw in zip(ids.tolist(), (rows @ vector).tolist(), strict=True):
            yield Candidate(moment, branch, raw, log_odds(raw, against))


def _held(index: VectorIndex, ids: MomentIds) -> tuple[MomentIds, Vectors]:
    """Those of ids that the index holds, with their vectors."""
    held = ids[index.holds(ids)]
    return held, index.vectors(held)


def _index(branch: Branch, sources: Sources) -> VectorIndex:
    return sources.indexes[branch.space or ""].indexes[_modality(branch)]


def _modality(branch: Branch) -> Modality:
    if branch.modality is None:
        raise ValueError(f"branch {branch.name!r} searches a space and names no modality")
    return branch.modality


def _allowed(branch: Branch, plan: Plan, store: Store) -> MomentIds | None:
    """The ids that the kinds admit, where the modality alone does not decide it."""
    kinds: tuple[Kind, ...] = plan.query.kinds
    if not kinds or branch.modality not in _MIXED or {Kind.VIDEO, Kind.AUDIO} <= set(kinds):
        return None
    return store.moment_ids(kinds=kinds, modalities=(_modality(branch),))


def _is_found(moment: int, found: Mapping[Modality, set[int]]) -> bool:
    return any(moment in ids for ids in found.values())
