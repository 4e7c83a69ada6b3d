"""List the files that a filter alone asks for, and put hits in another order than the likeliest."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.store import Store
from engine.store.records import AssetFacts
from engine.types import (
    AllOf,
    Filter,
    Hit,
    Kind,
    Modality,
    MomentRecord,
    Plan,
    Query,
    SearchResult,
    Sort,
)
from engine.types.arrays import MomentIds

NO_MOMENT = 0
"""The number in the place of a moment's, of a file that has none."""
_PERCEIVED = {
    Kind.IMAGE: Modality.IMAGE, Kind.VIDEO: Modality.KEYFRAME, Kind.AUDIO: Modality.SOUND,
}  # fmt: skip
_SPOKEN = {Kind.IMAGE: "picture", Kind.VIDEO: "video", Kind.AUDIO: "sound"}
_FIRST = {Sort.DATE: "newest", Sort.SIZE: "largest", Sort.PATH: "first"}


def list_files(
    store: Store, query: Query, on_plan: Callable[[Plan], None] | None = None
) -> SearchResult:
    """Return the files that pass the filter of a query that asks for nothing in them.

    A hit is a whole file, at its first moment; one that has none, such as a silence, is listed
    with the number 0 in its place. The newest are first, unless the query says
    otherwise, and a note counts all of them by kind. Each is an answer for certain.
    """
    started = time.perf_counter()
    with store.snapshot():
        passing = _passing(store, query.filter, query.kinds)
        order, first = _ordered(store, passing, query.filter, query.kinds, query.sort or Sort.DATE)
        shown = order[: query.top]
        records = store.records([first[of.asset_id] for of in shown])
    hits = [_hit(rank, of, records.get(first[of.asset_id])) for rank, of in enumerate(shown, 1)]
    notes = (*query.understood, _counts(order, query))
    plan = Plan(query, (), query.top, moments=len(passing), passing=len(passing), notes=notes)
    if on_plan is not None:
        on_plan(plan)
    took = {"total": (time.perf_counter() - started) * 1e3}
    return SearchResult(query, tuple(hits), took, plan, notes=notes)


def ordered_files(
    store: Store, passes: Filter | None, kinds: Sequence[Kind], sort: Sort
) -> tuple[list[AssetFacts], dict[int, int]]:
    """Return the files that pass a filter, in an order, and the first moment of each by its id.

    A file that has none, such as a silence, has ``NO_MOMENT``.
    """
    with store.snapshot():
        return _ordered(store, _passing(store, passes, kinds), passes, kinds, sort)


def _passing(store: Store, passes: Filter | None, kinds: Sequence[Kind]) -> MomentIds:
    return store.moment_ids(kinds) if passes is None else store.passing(passes, kinds)


def _ordered(
    store: Store, passing: MomentIds, passes: Filter | None, kinds: Sequence[Kind], sort: Sort
) -> tuple[list[AssetFacts], dict[int, int]]:
    bare = store.bare_assets(passes or AllOf(()), kinds)
    first = dict.fromkeys(bare, NO_MOMENT) | _first_moments(store, passing)
    return _order(list(store.facts(first).values()), sort), first


def sort_hits(store: Store, result: SearchResult, sort: Sort) -> SearchResult:
    """Put the hits of a search in another order; which hits they are stays as it is."""
    if sort is Sort.LIKELY:
        return result
    facts = store.facts({hit.asset_id for hit in result.hits})
    places = {of.asset_id: at for at, of in enumerate(_order(list(facts.values()), sort))}
    hits = sorted(result.hits, key=lambda hit: places.get(hit.asset_id, len(places)))
    return replace(result, hits=tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits, 1)))


def _first_moments(store: Store, passing: MomentIds) -> dict[int, int]:
    """Return the first moment of each asset that these are of."""
    if not len(passing):
        return {}
    ids, owners = store.assets_of(int(passing[0]), int(passing[-1]))
    kept = np.isin(ids, passing, assume_unique=True)
    assets, at = np.unique(owners[kept], return_index=True)
    return dict(zip(assets.tolist(), ids[kept][at].tolist(), strict=True))


def _order(facts: Sequence[AssetFacts], sort: Sort) -> list[AssetFacts]:
    by_path = sorted(facts, key=lambda of: of.path)
    key = _KEYS.get(sort)
    return by_path if key is None else sorted(by_path, key=key, reverse=True)


def _date(of: AssetFacts) -> str:
    return of.date


def _size(of: AssetFacts) -> int:
    return of.size


_KEYS: Mapping[Sort, Callable[[AssetFacts], Any]] = {
    Sort.DATE: _date, Sort.LIKELY: _date, Sort.SIZE: _size,
}  # fmt: skip


def _hit(rank: int, of: AssetFacts, record: MomentRecord | None) -> Hit:
    moment_id = NO_MOMENT if record is None else record.moment_id
    modality = _PERCEIVED[of.kind] if record is None else record.moment.modality
    return Hit(
        rank, 0.0, of.kind, of.path, of.asset_id, moment_id, modality, None, None, (),
        confidence=1.0, likely=True,
    )  # fmt: skip


def _counts(order: Sequence[AssetFacts], query: Query) -> str:
    """Count the files that pass, and say which of them are shown."""
    counts = Counter(of.kind for of in order)
    kinds = ", ".join(_counted(counts[kind], _SPOKEN[kind]) for kind in Kind if counts[kind])
    files = _counted(len(order), "file")
    line = files if not kinds else f"{files}: {kinds}"
    if len(order) > query.top:
        which = _FIRST.get(query.sort or Sort.DATE, "newest")
        line += f"; the {which} {query.top} are shown, top {len(order)} shows all"
    return line


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
