"""Which words of a text full text search is asked for."""

from __future__ import annotations

import pytest

from engine.query import selective
from engine.query.selective import Selective
from engine.store import Store
from tests.store.make import LOOKS, TEXT, picture


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Ten pictures of animals, three of them dogs, one a husky."""
    monkeypatch.setattr(selective, "BUDGET", 5)
    with Store.create(tmp_path / "library", "fake") as made:
        with made.writer() as writer:
            writer.ensure_space(TEXT)
            writer.ensure_space(LOOKS)
            tags = [("animal",), ("animal", "dogs"), ("animal", "dog"), ("animal", "dog", "husky")]
            writer.commit([picture(f"/{i}.jpg", "", *tags[max(i - 6, 0)]) for i in range(10)])
        yield made


def test_common_words_are_left_out_and_rare_ones_asked(store):
    assert Selective(store).match("an animal: a husky dog") == '"a" OR "an" OR "husky" OR "dog"'


def test_words_are_asked_while_their_moments_fit(store, monkeypatch):
    monkeypatch.setattr(selective, "BUDGET", 3)
    assert Selective(store).match("dog husky") == '"husky"'
    assert Selective(store).match("animal") is None
    assert Selective(store).match("?!") is None


def test_a_small_library_is_asked_for_all_words(store, monkeypatch):
    monkeypatch.setattr(selective, "BUDGET", 100)
    assert Selective(store).match("an animal") == '"an" OR "animal"'


def test_a_word_is_counted_once(store, monkeypatch):
    counted = []
    count = store.count_words
    monkeypatch.setattr(store, "count_words", lambda *a: counted.append(a) or count(*a))
    words = Selective(store)
    assert words.match("dog") == words.match("dog") == '"dog"'
    assert counted == [('"dog"', 6)]
