"""Counts by which a library is narrowed down: kinds, dates, folders, tags and places."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import TypeVar

from engine.query.browse.lists import filter_of
from engine.query.generation_cache import GenerationCache
from engine.query.language import parse_kinds
from engine.query.listing import dates_of
from engine.store import Store
from engine.store.records import ListedFile
from engine.types import AllOf, Kind

_Name = TypeVar("_Name", bound=Hashable)
_MOST = 200
"""Folders, tags and places that are counted out, the fullest first."""


@dataclass(frozen=True, slots=True)
class PlaceCell:
    """A box of the earth, in degrees, and the files that were made in it."""

    south: float
    west: float
    north: float
    east: float
    latitude: float
    """The mean of the places in it; ``longitude`` likewise."""
    longitude: float
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """The number of files by each thing that filters can ask for."""

    total: int
    kinds: Mapping[Kind, int]
    years: Mapping[str, int]
    """By year, ``2024``, the newest first; ``months`` likewise, ``2024-06``."""
    months: Mapping[str, int]
    folders: Mapping[str, int]
    """By the folder that files are in."""
    tags: Mapping[str, int]
    """By the tags that files have themselves."""
    places: tuple[PlaceCell, ...]
    """Boxes with files, the fullest first; with fewer degrees a side they are smaller."""

    def plus(self, other: Facets) -> Facets:
        """Return the counts of two libraries together; places are those of both, not joined."""
        places = sorted((*self.places, *other.places), key=lambda cell: -cell.count)
        return Facets(
            self.total + other.total,
            _summed(self.kinds, other.kinds),
            dict(sorted(_summed(self.years, other.years).items(), reverse=True)),
            dict(sorted(_summed(self.months, other.months).items(), reverse=True)),
            _summed(self.folders, other.folders),
            _summed(self.tags, other.tags),
            tuple(places),
        )


class FacetCounter:
    """Counts the facets of a library; what was counted is kept while nothing is committed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: GenerationCache[Facets] = GenerationCache()

    def count(
        self, kinds: Sequence[Kind | str] | str, where: Sequence[str] | str, degrees: float
    ) -> Facets:
        """Count files. Errors are those of ``Browsing.facets``."""
        of, passes = parse_kinds(kinds), filter_of(where)

        def counted() -> Facets:
            files = self._store.files(passes or AllOf(()), of)
            ids = {each.asset_id for each in files}
            tags = self._store.tags(ids)
            places = self._store.places()
            return _facets(
                files,
                Counter(tag for words in tags.values() for tag in words),
                _cells((place for i, place in places.items() if i in ids), degrees),
            )

        with self._store.snapshot():
            return self._kept.get(self._store.generation(), (of, passes, degrees), counted)


def _facets(files: Sequence[ListedFile], tags: Counter[str], places: Sequence[PlaceCell]) -> Facets:
    kinds = Counter(each.kind for each in files)
    dates = dates_of(files)
    folders = Counter(each.path.rpartition("/")[0] or "/" for each in files)
    return Facets(
        len(files),
        {kind: kinds[kind] for kind in Kind if kinds[kind]},
        _newest_first(date[:4] for date in dates),
        _newest_first(date[:7] for date in dates),
        dict(folders.most_common(_MOST)),
        dict(tags.most_common(_MOST)),
        tuple(places[:_MOST]),
    )


def _summed(counts: Mapping[_Name, int], other: Mapping[_Name, int]) -> dict[_Name, int]:
    return dict((Counter(counts) + Counter(other)).most_common())


def _newest_first(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), reverse=True))


def _cells(places: Iterable[tuple[float, float]], degrees: float) -> list[PlaceCell]:
    found: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for latitude, longitude in places:
        found[floor(latitude / degrees), floor(longitude / degrees)].append((latitude, longitude))
    cells = (
        PlaceCell(
            max(-90.0, round(row * degrees, 6)), max(-180.0, round(column * degrees, 6)),
            min(90.0, round((row + 1) * degrees, 6)), min(180.0, round((column + 1) * degrees, 6)),
            sum(place[0] for place in inside) / len(inside),
            sum(place[1] for place in inside) / len(inside), len(inside),
        )
        for (row, column), inside in found.items()
    )  # fmt: skip
    return sorted(cells, key=lambda cell: (-cell.count, cell.south, cell.west))
