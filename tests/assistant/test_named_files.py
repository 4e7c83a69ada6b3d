"""Questions that compare files which they name, by what is known of these."""

from __future__ import annotations

import pytest

from engine import Library
from tests import media_files as make


@pytest.fixture(scope="module")
def library(tmp_path_factory, settings):
    place = tmp_path_factory.mktemp("named")
    (place / "media").mkdir()
    for name, seconds in (("walk", 1.0), ("run", 1.02), ("swim", 2.0)):
        make.sound(place / "media" / f"{name}.wav", (200, seconds))
    with Library.open(place / "home", create=True, encoder="fake", settings=settings) as made:
        made.index([place / "media"])
        yield made


def test_lengths_that_look_the_same_are_called_the_same(library):
    assert "is longer than" in library.ask("Which is longer, swim.wav or walk.wav?").text
    answer = library.ask("Which is longer, run.wav or walk.wav?").text
    assert "longer than" not in answer
    assert answer.count("1.0 s") == 1
