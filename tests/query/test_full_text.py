"""What the words of a text say for the moments that have them."""

from __future__ import annotations

import math

import pytest

from engine.query import full_text
from engine.query.full_text import FullTextScorer
from engine.store import Store
from engine.types import Kind, Modality
from tests.store.make import LOOKS, TEXT, picture, sound

SIZES = {Modality.IMAGE: 10, Modality.SPEECH: 4}


@pytest.fixture
def store(tmp_path):
    """Ten pictures of animals, three of them dogs, one a husky; four sentences."""
    with Store.create(tmp_path / "library", "fake") as made:
        with made.writer() as writer:
            writer.ensure_space(TEXT)
            writer.ensure_space(LOOKS)
            tags = [("animal",), ("animal", "dogs"), ("animal", "dog"), ("animal", "dog", "husky")]
            writer.commit([picture(f"/{i}.jpg", "", *tags[max(i - 6, 0)]) for i in range(10)])
            said = ("the dog is here", "the end", "the number", "the password of the day")
            writer.commit([sound(f"/{i}.wav", text) for i, text in enumerate(said)])
        yield made


def says(store, text: str) -> dict[int, float]:
    found = FullTextScorer(store, SIZES).score(text)
    return dict(zip(found.ids.tolist(), found.log_odds.tolist(), strict=True))


def test_common_words_are_left_out_and_rare_ones_asked(store, monkeypatch):
    monkeypatch.setattr(full_text, "BUDGET", 5)
    assert FullTextScorer(store, SIZES).asked("an animal: a husky dog") == (
        ["husky", "dog"],
        ["a", "an"],
    )


def test_words_are_asked_while_their_moments_fit(store, monkeypatch):
    monkeypatch.setattr(full_text, "BUDGET", 3)
    assert FullTextScorer(store, SIZES).asked("dog husky") == (["husky"], [])
    assert FullTextScorer(store, SIZES).asked("animal") == ([], [])
    assert FullTextScorer(store, SIZES).asked("?!") == ([], [])
    assert len(FullTextScorer(store, SIZES).score("animal")) == 0


def test_a_word_is_counted_once(store, monkeypatch):
    counted = []
    count = store.count_words
    monkeypatch.setattr(store, "count_words", lambda *a: counted.append(a) or count(*a))
    words = FullTextScorer(store, SIZES)
    assert words.asked("dog") == words.asked("dog") == (["dog"], [])
    assert counted == [('"dog"', full_text.BUDGET + 1)]


def test_a_word_is_as_rare_as_it_is_in_its_own_modality(store):
    """Of fourteen moments four have "the": but all of those that are speech."""
    the, password = says(store, "the"), says(store, "password")
    assert max(the.values()) < 0.01 < max(password.values())


def test_a_moment_counts_by_the_share_of_the_query_that_it_holds(store):
    (whole,) = says(store, "husky").values()
    part = max(says(store, "husky zeppelin").values())
    assert 0.5 * whole < part < 0.8 * whole


def test_words_that_carry_grammar_are_no_part_of_what_a_query_says(store):
    (whole,) = says(store, "husky").values()
    assert max(says(store, "what are husky by their").values()) == pytest.approx(whole)


def test_the_best_comes_first_with_what_it_is(store):
    found = FullTextScorer(store, SIZES).score("husky dog")
    assert found.ids[0] == 10
    assert found.kinds[0] is Kind.IMAGE
    assert set(found.modalities) == {Modality.IMAGE, Modality.SPEECH}
    assert list(found.log_odds) == sorted(found.log_odds, reverse=True)
    assert (found.bm25 > 0).all()


def test_no_word_says_more_than_bm25_can(store):
    """Even where counts and index disagree, as while another process writes."""
    found = FullTextScorer(store, dict.fromkeys(SIZES, 1)).score("husky animal")
    rarest = math.log((1 + 0.5) / 0.5)
    assert found.log_odds.max() < 2 * 2.2 * rarest


def test_the_counts_that_are_kept_do_not_grow_without_end(store, monkeypatch):
    monkeypatch.setattr(full_text, "_COUNTED", 3)
    kept = full_text.FullTextScorer(store, {})
    for word in ("one", "two", "three", "four", "five"):
        kept.asked(word)
        assert len(kept._counts) <= 3
