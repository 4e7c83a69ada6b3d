"""Order and chapters of a story: by date, and where there is none by folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.generate.captioner import MONTHS

if TYPE_CHECKING:
    from engine.compose.story import StoryItem
    from engine.media.place_names import NearbyTown

TownNear = Callable[[float, float], "NearbyTown | None"]
_DAYS, _MONTHS = 12, 24
"""Days that may be chapters, and months; of more, years are."""
_LENGTHS = (10, 7, 4)
"""Letters of a date that are its day, its month and its year."""


def chapter_keys(
    items: Sequence[StoryItem], town_near: TownNear
) -> Iterator[tuple[str, list[StoryItem]]]:
    """Yield chapters, each with its title and its items in order; undated ones come last."""
    dated = sorted((i for i in items if i.passage.date), key=lambda i: (i.passage.date, _path(i)))
    length = _length([item.passage.date for item in dated])
    for key, group in groupby(dated, key=lambda item: item.passage.date[:length]):
        own = list(group)
        yield _titled(key, own, town_near), own
    undated = sorted((item for item in items if not item.passage.date), key=_path)
    for folder, group in groupby(undated, key=lambda item: PurePath(item.passage.path).parent):
        name = folder.name.encode("utf-8", "replace").decode() or "Without a date"
        yield name, list(group)


def _path(item: StoryItem) -> str:
    return item.passage.path


def _length(dates: Sequence[str]) -> int:
    """Return how many letters of dates make chapters that are not too many."""
    for length, most in zip(_LENGTHS, (_DAYS, _MONTHS), strict=False):
        if len({date[:length] for date in dates}) <= most:
            return length
    return _LENGTHS[-1]


def _titled(key: str, items: Sequence[StoryItem], town_near: TownNear) -> str:
    """Return a date in words, with the town where all that know their place are near one."""
    places = [item.passage.place for item in items if item.passage.place is not None]
    towns = {town.name for place in places if (town := town_near(*place)) is not None}
    near = f", near {towns.pop()}" if len(towns) == 1 else ""
    return date_in_words(key) + near


def date_in_words(date: str) -> str:
    """Return ``12 May 2023`` of an ISO 8601 date, or as much of it as there is."""
    year, *rest = date[:10].split("-")
    if not rest or not 1 <= int(rest[0]) <= 12:
        return year
    month = MONTHS[int(rest[0]) - 1]
    return f"{int(rest[1])} {month} {year}" if len(rest) > 1 else f"{month} {year}"
