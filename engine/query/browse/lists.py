"""Pages of the files and of the moments of a library, in an order that stays while it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.query.generation_cache import GenerationCache
from engine.query.language import parse_kinds
from engine.query.language.query_builder import as_sequence, choice
from engine.query.language.where_parser import parse_where
from engine.query.listing import ordered_files
from engine.store import Store
from engine.types import AllOf, Asset, Filter, Kind, Modality, MomentRecord, Sort
from engine.types.arrays import MomentIds

MOST_LISTED = 1000
"""Rows of one page."""


@dataclass(frozen=True, slots=True)
class ListedAsset:
    """A file of a library, with its own tags, and the moment that stands for it."""

    asset_id: int
    asset: Asset
    first_moment: int | None
    """The moment of which a thumbnail shows the file; None where it has none, as a silence."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AssetPage:
    """A page of files, and how many there are in all."""

    total: int
    assets: tuple[ListedAsset, ...]


@dataclass(frozen=True, slots=True)
class MomentPage:
    """A page of moments, and how many there are in all."""

    total: int
    moments: tuple[MomentRecord, ...]


@dataclass(frozen=True, slots=True)
class MomentNeighbours:
    """A moment, and those of its file that are perceived in the same way before and after it."""

    before: tuple[MomentRecord, ...]
    moment: MomentRecord
    after: tuple[MomentRecord, ...]


class Lister:
    """Lists what a library holds; the order of a list is kept while nothing is committed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files: GenerationCache[MomentIds] = GenerationCache()
        self._moments: GenerationCache[MomentIds] = GenerationCache()

    def assets(
        self,
        kinds: Sequence[Kind | str] | str,
        where: Sequence[str] | str,
        sort: Sort | str,
        skip: int,
        limit: int,
    ) -> AssetPage:
        """Return a page of files. Errors are those of ``Browsing.assets``."""
        of, passes, order = parse_kinds(kinds), filter_of(where), choice(Sort, sort, "order")

        def files() -> MomentIds:
            ordered = ordered_files(self._store, passes, of, order)
            return np.array([each.asset_id for each in ordered], np.int64)

        with self._store.snapshot():
            ids = self._files.get(self._store.generation(), (of, passes, order), files)
            shown = ids[skip : skip + limit].tolist()
            whole, tags = self._store.whole_assets(shown), self._store.tags(shown)
            first = self._store.first_moments(shown)
        rows = (
            ListedAsset(i, whole[i], first.get(i), tags.get(i, ())) for i in shown if i in whole
        )
        return AssetPage(len(ids), tuple(rows))

    def asset(self, asset_id: int) -> ListedAsset:
        """Return a file. Errors are those of ``Browsing.asset``."""
        with self._store.snapshot():
            whole = self._store.whole_assets([asset_id])[asset_id]
            tags = self._store.tags([asset_id]).get(asset_id, ())
            first = next((each.moment_id for each in self._store.moments_of(asset_id)), None)
        return ListedAsset(asset_id, whole, first, tags)

    def moments(
        self,
        kinds: Sequence[Kind | str] | str,
        modalities: Sequence[Modality | str] | str,
        where: Sequence[str] | str,
        skip: int,
        limit: int,
    ) -> MomentPage:
        """Return a page of moments. Errors are those of ``Browsing.moments``."""
        of, passes = parse_kinds(kinds), filter_of(where)
        perceived = _modalities(modalities)

        def ids() -> MomentIds:
            if passes is None:
                return self._store.moment_ids(of, perceived)
            return self._store.passing(passes, of, perceived)

        with self._store.snapshot():
            found = self._moments.get(self._store.generation(), (of, perceived, passes), ids)
            records = self._store.records(found[skip : skip + limit])
        return MomentPage(len(found), tuple(records.values()))

    def moments_of(
        self, asset_id: int, modalities: Sequence[Modality | str] | str
    ) -> list[MomentRecord]:
        """Return the moments of a file. Errors are those of ``Browsing.moments_of``."""
        perceived = _modalities(modalities)
        with self._store.snapshot():
            found = self._store.moments_of(asset_id)
            if not found and asset_id not in self._store.assets_numbered([asset_id]):
                raise KeyError(asset_id)
        return [each for each in found if not perceived or each.moment.modality in perceived]

    def neighbours(self, moment_id: int, count: int) -> MomentNeighbours:
        """Return the moments beside one. Errors are those of ``Browsing.neighbours``."""
        with self._store.snapshot():
            record = self._store.records([moment_id])[moment_id]
            beside = [
                each
                for each in self._store.moments_of(record.asset_id)
                if each.moment.modality is record.moment.modality
            ]
        beside.sort(key=_place)
        at = next(i for i, each in enumerate(beside) if each.moment_id == moment_id)
        before, after = beside[max(0, at - count) : at], beside[at + 1 : at + 1 + count]
        return MomentNeighbours(tuple(before), record, tuple(after))


def filter_of(where: Sequence[str] | str) -> Filter | None:
    """Return expressions as one filter that all of them must pass; None where there is none.

    Raises:
        QuerySyntax: one cannot be read.
    """
    filters = tuple(map(parse_where, as_sequence(where)))
    return AllOf(filters) if len(filters) > 1 else next(iter(filters), None)


def _modalities(names: Sequence[Modality | str] | str) -> tuple[Modality, ...]:
    return tuple(choice(Modality, name, "modality") for name in as_sequence(names))


def _place(record: MomentRecord) -> tuple[float, int, int]:
    return record.moment.start or 0.0, record.moment.ordinal, record.moment_id
