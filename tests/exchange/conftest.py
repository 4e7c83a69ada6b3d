"""A library of real media under the fake encoder, which stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from engine import Library
from engine.store import Store
from tests import media_files as make

COLOURS = ("red", "green", "blue", "yellow")
CAPTION = "a cafe, by the sea"
TAGS = {"0 red.png": ("keep", "Großes Bild"), "tone.wav": ("a, b",)}
OWNER = "(c) 2024 Jo Doe | all rights"


def photograph(path: Path) -> None:
    """A JPEG with a caption, a date, a place and a copyright."""
    exif = Image.Exif()
    exif[0x010E] = CAPTION
    exif[0x8298] = OWNER
    exif[0x013B] = "Jo Doe"
    exif[0x0132] = "2024:03:01 10:00:00"
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (47.0, 30.0, 0.0)
    place[3], place[4] = "E", (8.0, 0.0, 0.0)
    Image.new("RGB", (60, 40), (220, 30, 30)).save(path, exif=exif)


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures, an animation among them, a video with sound, and a sound."""
    folder = tmp_path_factory.mktemp("exchange") / "media"
    folder.mkdir()
    for number, colour in enumerate(COLOURS):
        make.picture(folder / f"{number} {colour}.png", colour)
    photograph(folder / "photo.with.dots.JPG")
    make.animation(folder / "moving.gif", ("red", "blue"))
    make.video(folder / "film.mp4", ("green", "white"), hertz=300)
    make.sound(folder / "tone.wav", (3000, 2.0))
    return folder


@pytest.fixture(scope="session")
def library(media: Path, tmp_path_factory: pytest.TempPathFactory, settings) -> Path:
    path = tmp_path_factory.mktemp("exchange") / "library"
    with Library.open(path, create=True, encoder="fake", settings=settings) as made:
        assert made.index([media]).added == 8
        with made.store.writer() as writer:
            tagged = {str(media / name): words for name, words in TAGS.items()}
            assert writer.curation.import_tags(tagged) == 2
    return path


@pytest.fixture
def store(library: Path) -> Iterator[Store]:
    with Store.open(library) as opened:
        yield opened
