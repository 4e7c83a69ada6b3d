"""A library of pictures, a video and sounds, made by the encoder of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensorium import Library
from tests import media_files as make


@pytest.fixture(scope="module")
def media(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for name, colour in (("<b>red&.png", "red"), ("green.png", "green"), ("blue.png", "blue")):
        make.picture(folder / name, colour, (400, 300))
    make.video(folder / "clip.mp4", ["green", "red"])
    make.sound(folder / "shrill.wav", (3000, 2.0))
    return folder


@pytest.fixture(scope="module")
def library(media, tmp_path_factory, settings):
    path = tmp_path_factory.mktemp("lib") / "library"
    with Library.open(path, create=True, encoder="fake", settings=settings) as opened:
        opened.index([media])
        yield opened
