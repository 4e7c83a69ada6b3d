"""The files of a library as points on a plane."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine import Library
from engine.errors import QuerySyntax, UsageError
from tests import media_files as make


@pytest.fixture(scope="module")
def library(tmp_path_factory, settings) -> Iterator[Library]:
    """Six red and six blue pictures, a film, and two sounds."""
    place = tmp_path_factory.mktemp("map")
    media = place / "media"
    for colour in ("red", "blue"):
        for number in range(6):
            make.picture(media / f"{colour}-{number}.png", colour, (40 + number, 30))
    make.video(media / "film.mp4", ("red", "green"))
    for number in range(2):
        make.sound(media / f"{number}.wav", (200 + 300 * number, 2.0))
    with Library.open(place / "library", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
        yield made


def test_what_looks_alike_is_near(library):
    found = library.embedding_map()
    assert found.total == len(found.points) == 13
    assert {point.kind for point in found.points} == {"image", "video"}
    places = {Path(p.path).stem: np.array((p.x, p.y)) for p in found.points}
    assert np.linalg.norm(places["red-0"] - places["red-5"]) < 0.1
    assert np.linalg.norm(places["red-0"] - places["blue-0"]) > 0.5
    assert library.embedding_map() is found
    every = np.abs(np.array(list(places.values())))
    assert every.max() == pytest.approx(1, abs=1e-3)
    for point in found.points:
        assert library.moment(point.moment_id).asset_id == point.asset_id


def test_a_sample_is_drawn_of_many_the_same_each_time(library):
    few = library.embedding_map(most=5)
    assert len(few.points) == 5 and few.total == 13
    assert few == library.embedding_map(most=5)


def test_filters_and_sounds(library):
    red = library.embedding_map(where="path like *red*")
    assert {Path(point.path).name[:3] for point in red.points} == {"red"}
    assert len(library.embedding_map("sounds", where=["kind = audio"]).points) == 2
    nothing = library.embedding_map(where="path like *nowhere*")
    assert (nothing.points, nothing.total) == ((), 0)


def test_what_cannot_be_drawn_is_refused(library):
    with pytest.raises(UsageError, match="looks"):
        library.embedding_map("smells")
    with pytest.raises(UsageError, match="most"):
        library.embedding_map(most=0)
    with pytest.raises(QuerySyntax):
        library.embedding_map(where="kind is of no sort")
