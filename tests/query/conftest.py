"""A library of one space, and one of three."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import Library
from tests import media_files as make


@pytest.fixture(scope="session")
def _kept(tmp_path_factory, settings) -> Callable[[str], Path]:
    """Fill the one folder anew, with media and what was once made of them.

    A library knows its files by their paths, so that what is made once is of one folder.
    """
    kept, place = tmp_path_factory.mktemp("kept"), tmp_path_factory.mktemp("place") / "here"
    media = place / "media"
    for name, colour in (("one", "red"), ("two", "red"), ("three", "blue")):
        make.picture(media / f"{name}.png", colour)
    make.sound(media / "deep.wav", (200, 12.0))
    make.video(media / "film.mp4", ["green"], 1.0, hertz=3000)
    with Library.open(place / "lib", create=True, encoder="fake", settings=settings) as made:
        made.index([media])
    shutil.copytree(place, kept / "library")
    with Library.open(place / "lib", settings=settings) as made:
        made.spaces.add("fake2")
        made.spaces.add("fake-hearing")
    shutil.copytree(place, kept / "full")

    def fill(name: str) -> Path:
        shutil.rmtree(place)
        return Path(shutil.copytree(kept / name, place))

    return fill


@pytest.fixture
def library(_kept, settings) -> Iterator[Library]:
    """Pictures, a sound and a video in the one space of a library, ``media`` beside it."""
    with Library.open(_kept("library") / "lib", settings=settings) as opened:
        yield opened


@pytest.fixture
def full(_kept, settings) -> Iterator[Library]:
    """With a second space, and one of sounds alone."""
    with Library.open(_kept("full") / "lib", settings=settings) as opened:
        yield opened
