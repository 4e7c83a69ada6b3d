"""Slips of typing are mended where nothing else can be meant, and only there."""

from __future__ import annotations

import pytest

from engine.query.everyday_words import everyday_words
from engine.query.language import build_query
from engine.query.spelling import Speller, _slips, mended_query
from engine.store import Store
from tests.store.make import LOOKS, TEXT, picture, sound

KNOWN = {"moose", "perry", "house", "woof"}


@pytest.fixture
def speller(tmp_path):
    with Store.create(tmp_path / "library", "fake") as made:
        with made.writer() as writer:
            writer.ensure_space(TEXT)
            writer.ensure_space(LOOKS)
            writer.commit(
                [
                    picture("/a/Yosemite_trip.jpg", "a", "retriever", caption="Grandma Ethel"),
                    sound("/b.wav", "the weasels have eaten our phone"),
                ]
            )
        yield Speller(made, KNOWN.__contains__)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("girafe", "giraffe"),
        ("strawbery cake", "strawberry cake"),
        ("elehpant", "elephant"),
        ("a rhinocerus", "a rhinoceros"),
        ("Yosemitte", "yosemite"),
        ("weesels", "weasels"),
        ("a retreiver", "a retriever"),
        ("Etthel", "ethel"),
        ("mustacke", "mustache"),
        ("Grand-Ma Ethel", "grandma Ethel"),
    ],
)
def test_slips_are_mended(speller: Speller, typed: str, meant: str) -> None:
    text, mended = speller.mend(typed)
    assert text == meant
    assert len(mended) == 1


@pytest.mark.parametrize(
    "text",
    ["moose", "our-phone", "eye-phone", "woofing", "perro", "cat", "caht", "IMG_0045",
     "\u4e94\u4e94", "eaten phones",
     "weasel", "daffodils", "giraffes", "puppies", "xyzzyx", "house",
     "\u0436\u0438\u0440\u0430\u0444"],
)  # fmt: skip
def test_what_may_be_meant_is_left(speller: Speller, text: str) -> None:
    assert speller.mend(text) == (text, [])


@pytest.mark.parametrize("typed", ["IM_0044", "IGM 0044.jpg", "imgg0044"])
def test_names_of_files_are_mended_but_for_their_digits(speller: Speller, typed: str) -> None:
    with speller._store.writer() as writer:
        writer.commit([picture("/a/IMG_0044.jpg"), picture("/a/IMG_0045.jpg")])
    assert speller.mend(typed)[0].startswith("IMG_0044")
    for other in ("IMG_0044", "IMG_0144", "img0045", "0044", "IM_0046"):
        assert speller.mend(other) == (other, [])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Midnight Rane", "Midnight rain"),
        ("midnigt rain", "midnight rain"),
        ("holiday in Roem", "holiday in rome"),
        ("Teh Testers", "the Testers"),
    ],
)
def test_short_words_of_titles_are_mended_by_the_others(
    speller: Speller, typed: str, meant: str
) -> None:
    with speller._store.writer() as writer:
        writer.commit(
            [
                sound("/01.mp3", "la la", caption="Midnight Rain"),
                picture("/a/Holiday in Rome.jpg", caption="The Testers"),
            ]
        )
    assert speller.mend(typed)[0] == meant
    for other in ("midnight snow", "rane", "holiday in xyzw", "house in roem", "midnight moose"):
        assert speller.mend(other) == (other, [])


def test_quoted_words_are_as_they_are_and_notes_say_what_was_mended(speller: Speller) -> None:
    assert not build_query('"girafe"').spelling
    query = build_query(["girafe", "then", "elehpant"])
    mended = mended_query(query, speller)
    assert mended.text == "giraffe elephant"
    assert [note.split(";")[0] for note in mended.understood] == [
        "'girafe' is taken as 'giraffe'",
        "'elehpant' is taken as 'elephant'",
    ]
    assert mended_query(build_query("giraffe"), speller) == build_query("giraffe")


def test_a_word_between_two_of_the_library_is_left_and_both_are_offered(tmp_path) -> None:
    with Store.create(tmp_path / "library", "fake") as store:
        with store.writer() as writer:
            writer.ensure_space(TEXT)
            writer.commit([sound("/b.wav", "baseball and basketball"), sound("/c.wav", "violets")])
        speller = Speller(store, KNOWN.__contains__)
        asked = mended_query(build_query("baskeball violats"), speller)
        assert asked.parts[0].value == "baskeball violets"
        assert "nothing here has 'baskeball'; did you mean 'baseball' or 'basketball'?" in (
            asked.understood
        )
        assert speller.doubts("zebra horse baseball") == []


def test_a_text_that_was_pasted_is_left_as_it_is(speller: Speller) -> None:
    typed = "girafe " + "house " * 38 + "moose"
    assert mended_query(build_query(typed), speller).parts[0].value.startswith("giraffe ")
    assert mended_query(build_query(f"{typed} moose"), speller) == build_query(f"{typed} moose")


@pytest.mark.parametrize("word", ["retreiver", "grandmat", "weasls", "girafe", "elehpant"])
def test_no_word_that_is_near_is_passed_over_for_its_letters(speller: Speller, word: str) -> None:
    looked_at = {*speller._near(word)}
    known = {each for each in speller._own | everyday_words() if each[0] == word[0]}
    near = {each for each in known if _slips(word, each) <= 1 + (len(word) >= 8)}
    assert near and near <= looked_at < known
