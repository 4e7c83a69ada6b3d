"""List the files that a filter alone asks for, and put hits in another order than the likeliest."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from engine.common.local_times import isos_of
from engine.store import Store
from engine.store.records import AssetFacts, ListedFile
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
_File = TypeVar("_File", AssetFacts, ListedFile)
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
        order = ordered_files(store, query.filter, query.kinds, query.sort or Sort.DATE)
        shown = order[: query.top]
        first = store.first_moments(file.asset_id for file in shown)
        records = store.records(list(first.values()))
    hits = [
        _hit(rank, of, records.get(first.get(of.asset_id, NO_MOMENT)))
        for rank, of in enumerate(shown, 1)
    ]
    notes = (*query.understood, _counts(order, query))
    plan = Plan(query, (), query.top, moments=len(passing), passing=len(passing), notes=notes)
    if on_plan is not None:
        on_plan(plan)
    took = {"total": (time.perf_counter() - started) * 1e3}
    return SearchResult(query, tuple(hits), took, plan, notes=notes)


def ordered_files(
    store: Store, passes: Filter | None, kinds: Sequence[Kind], sort: Sort
) -> list[ListedFile]:
    """Return the files that pass a filter, in an order: dates and sizes fall, paths rise."""
    files = store.files(passes or AllOf(()), kinds)
    if sort is Sort.PATH:
        return _order(files)
    dated = sort is not Sort.SIZE
    return _order(files, dates_of(files) if dated else [file.size for file in files])


def _passing(store: Store, passes: Filter | None, kinds: Sequence[Kind]) -> MomentIds:
    return store.moment_ids(kinds) if passes is None else store.passing(passes, kinds)


def dates_of(files: Sequence[ListedFile]) -> list[str]:
    """Return when each was made, by its file where it does not say."""
    changed = isos_of(np.array([file.mtime_ns for file in files], np.int64))
    return [file.taken_at or date for file, date in zip(files, changed, strict=True)]


def sort_hits(store: Store, result: SearchResult, sort: Sort) -> SearchResult:
    """Put the hits of a search in another order; which hits they are stays as it is."""
    if sort is Sort.LIKELY:
        return result
    facts = list(store.facts({hit.asset_id for hit in result.hits}).values())
    by_size = [of.size for of in facts] if sort is Sort.SIZE else None
    keys = [of.date for of in facts] if sort is Sort.DATE else by_size
    places = {of.asset_id: at for at, of in enumerate(_order(facts, keys))}
    hits = sorted(result.hits, key=lambda hit: places.get(hit.asset_id, len(places)))
    return replace(result, hits=tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits, 1)))


def _order(files: Sequence[_File], keys: Sequence[Any] | None = None) -> list[_File]:
    """Return files in the order of their paths, or of falling keys where there are some."""
    places = sorted(range(len(files)), key=lambda at: files[at].path)
    if keys is not None:
        places.sort(key=keys.__getitem__, reverse=True)
    return [files[at] for at in places]


def _hit(rank: int, of: ListedFile, record: MomentRecord | None) -> Hit:
    moment_id = NO_MOMENT if record is None else record.moment_id
    modality = _PERCEIVED[of.kind] if record is None else record.moment.modality
    return Hit(
        rank, 0.0, of.kind, of.path, of.asset_id, moment_id, modality, None, None, (),
        confidence=1.0, likely=True,
    )  # fmt: skip


def _counts(order: Sequence[ListedFile], query: Query) -> str:
    """Count the files that pass, and say which of them are shown."""
    counts = Counter(of.kind for of in order)
    kinds = ", ".join(_counted(counts[kind], _SPOKEN[kind]) for kind in Kind if counts[kind])
    files = _counted(len(order), "file")
    line = files if not kinds else f"{files}: {kinds}"
    if len(order) > query.top:
        which = _FIRST.get(query.sort or Sort.DATE, "newest")
        shown = "is shown" if query.top == 1 else f"{query.top} are shown"
        line += f"; the {which} {shown}, top {len(order)} shows all"
    return line


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
