"""A place that files of a library were made in is a part of a query of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PIL import Image
from PIL.ExifTags import IFD

from engine import Library
from tests import media_files as make

LEUVEN = {1: "N", 2: (50.0, 52.0, 17.0), 3: "E", 4: (4.0, 41.0, 49.0)}


@pytest.fixture(scope="module")
def library(tmp_path_factory, settings) -> Iterator[Library]:
    pytest.importorskip("reverse_geocode")
    folder = tmp_path_factory.mktemp("places")
    media = folder / "media"
    for number, colour in enumerate(("red", "blue", "green") * 4):
        make.picture(media / f"{number}.png", colour, (60 + number, 40))
    exif = Image.Exif()
    exif.get_ifd(IFD.GPSInfo).update(LEUVEN)
    Image.new("RGB", (80, 40), "red").save(media / "there.jpg", exif=exif)
    Image.new("RGB", (80, 41), "blue").save(media / "an evening in Leuven.jpg", exif=exif)
    with Library.open(folder / "home", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
        yield made


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        ("red in Leuven", ["red", "Leuven"]),
        ("a red thing from the coast, near Leuven, Belgium.", [
            "a red thing from the coast,", "Leuven",
        ]),
        ("my trip to Belgium", ["Belgium"]),
        ("photos taken in belgium", ["belgium"]),
        ("in Belgium", ["Belgium"]),
        ("Leuven", ["Leuven"]),
        ("red in Atlantis", ["red in Atlantis"]),
        ("red in green", ["red in green"]),
        ("an evening in Leuven", ["an evening in Leuven"]),
        ('"red in Leuven"', ["red in Leuven"]),
    ],
)  # fmt: skip
def test_only_a_place_of_the_library_parts_a_text(library, asked, parts):
    found = library.search(asked)
    assert [part.value for part in found.query.parts] == parts
    is_parted = parts != [asked.strip('"')]
    assert any("where it was made" in note for note in found.notes) == is_parted


def test_what_was_made_there_comes_before_what_looks_the_same(library):
    hits = library.search("red in Leuven", top=20).hits
    assert hits[0].path.endswith("there.jpg")
    assert {hit.path.rsplit("/", 1)[1] for hit in hits} > {"0.png", "3.png"}, "it filters nothing"
