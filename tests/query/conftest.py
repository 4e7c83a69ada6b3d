"""A library of one space, and one of three."""

from __future__ import annotations

import pytest

from engine import Library
from tests import media_files as make


@pytest.fixture
def library(tmp_path, settings):
    """Pictures, a sound and a video in the one space of a library."""
    media = tmp_path / "media"
    for name, colour in (("one", "red"), ("two", "red"), ("three", "blue")):
        make.picture(media / f"{name}.png", colour)
    make.sound(media / "deep.wav", (200, 12.0))
    make.video(media / "film.mp4", ["green"], 1.0, hertz=3000)
    with Library.open(tmp_path / "lib", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
        yield made


@pytest.fixture
def full(library):
    """With a second space, and one of sounds alone."""
    library.spaces.add("fake2")
    library.spaces.add("fake-hearing")
    return library
