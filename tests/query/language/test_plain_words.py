"""Courtesy, kinds of files, dates and emoji are told from what is looked for."""

from __future__ import annotations

from datetime import date

import pytest

from engine.query.language import build_query
from engine.query.language.plain_words import understand
from engine.types import Kind, Modality

TODAY = date(2024, 3, 31)


@pytest.mark.parametrize(
    ("text", "rest", "kind"),
    [
        ("show me pictures of my cat please", "cat", Kind.IMAGE),
        ("Find a photo of a man, thanks", "a man", Kind.IMAGE),
        ("a video of people riding bicycles", "people riding bicycles", Kind.VIDEO),
        ("can you find songs by The Testers", "The Testers", Kind.AUDIO),
        ("where is my passport", "passport", None),
        ("show me all my photos", "", Kind.IMAGE),
        ("how many dogs", "dogs", None),
        ("where did I put the tax return", "the tax return", None),
        ("are there any videos of monkeys", "monkeys", Kind.VIDEO),
        ("pictures with dogs in them", "dogs", Kind.IMAGE),
        ("photos that show snow", "snow", Kind.IMAGE),
        ("a picture I took of a giraffe", "a giraffe", Kind.IMAGE),
    ],
)
def test_the_frame_around_what_is_sought(text: str, rest: str, kind: Kind | None) -> None:
    found = understand(text, TODAY)
    assert (found.text, found.kind) == (rest, kind)


@pytest.mark.parametrize(
    "text",
    ["find", "images", "music", "the sound of music", "picture frame", "movie night", "may",
     "coffee without", "a rebel without any of the usual causes",
     "show jumping", "hello kitty", "a group of friends", "search party", "2023", "IMG_2023",
     "2024-05-06", "1066 and all that", "house of 1900", "The Who", "what did the doctor say"],
)  # fmt: skip
def test_what_is_left_as_it_is(text: str) -> None:
    found = understand(text, TODAY)
    assert (found.text, found.kind, found.filter, found.notes) == (text, None, None, ())


@pytest.mark.parametrize(
    ("text", "rest", "since", "until"),
    [
        ("photos from last month", "", "2024-02", "2024-03"),
        ("yesterday", "", "2024-03-30", "2024-03-31"),
        ("dog in the summer of 2021", "dog", "2021-06", "2021-09"),
        ("winter 2022", "", "2022-12", "2023-03"),
        ("videos from June 2023", "", "2023-06", "2023-07"),
        ("last summer", "", "2023-06", "2023-09"),
        ("pizza last winter", "pizza", "2023-12", "2024-03"),
        ("pizza last december", "pizza", "2023-12", "2024-01"),
        ("pizza last 3 days", "pizza", "2024-03-28", "2024-04-01"),
        ("snow two weeks ago", "snow", "2024-03-11", "2024-03-18"),
        ("last year", "", "2023", "2024"),
        ("pictures of 2023 pizza", "pizza", "2023", "2024"),
        ("this week", "", "2024-03-25", "2024-04-01"),
    ],
)
def test_dates_in_words(text: str, rest: str, since: str, until: str) -> None:
    found = understand(text, TODAY)
    assert found.text == rest
    assert found.filter is not None
    assert [condition.value for condition in found.filter.filters] == [since, until]
    assert any(f"date >= {since} and date < {until}" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "rest", "unwanted"),
    [
        ("pizza without people", "pizza", "people"),
        ("a beach with no people last year", "a beach", "people"),
        ("Strand ohne Menschen", "Strand", "Menschen"),
        ("sounds of rain but no thunder", "rain", "thunder"),
        ("photos without people", "photos", "people"),
    ],
)
def test_what_is_said_to_be_missing_is_not_wanted(text: str, rest: str, unwanted: str) -> None:
    found = understand(text, TODAY)
    assert (found.text, found.unwanted) == (rest, unwanted)
    assert any(f"{unwanted!r} is taken as not wanted" in note for note in found.notes)


def test_photos_without_something_are_any_pictures():
    query = build_query("photos without people")
    assert query.kinds == (Kind.IMAGE,)
    assert [(part.value, part.weight) for part in query.parts] == [("photos", 1), ("people", -1)]


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("sound of waves", True),
        ("the sound of a dog", True),
        ("noises of my car", True),
        ("the sound of music", False),
        ("a sound engineer", False),
    ],
)
def test_the_sound_of_a_thing_is_not_seen(text: str, heard: bool) -> None:
    assert understand(text, TODAY).heard is heard
    seen = {Modality.IMAGE, Modality.KEYFRAME, Modality.SCREEN} if heard else set()
    assert {name for name, weight in build_query(text).weights if weight == 0} == seen


def test_a_weight_that_was_given_stays():
    query = build_query("sound of waves", weights={"image": 2.0})
    assert dict(query.weights) == {"image": 2, "keyframe": 0, "screen": 0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\U0001f355", "pizza"),
        ("red \u2764\ufe0f", "red heart"),
        ("\U0001f44b\U0001f3fd", "waving hand"),
    ],
)
def test_emoji_are_read_as_unicode_names_them(text: str, words: str) -> None:
    assert understand(text, TODAY).text == words


def test_quotes_and_filters_are_as_they_were_typed() -> None:
    assert build_query('"photos of a cat"').kinds == ()
    assert build_query("photos of a cat").kinds == (Kind.IMAGE,)
    assert build_query("photos of a cat kind:video").kinds == (Kind.VIDEO,)
    assert build_query("photos of a cat then dog").text.startswith("a cat")


def test_a_query_keeps_how_it_was_written() -> None:
    meant = build_query("photos of a cat from last year", exclude=["dog"])
    assert meant.as_written is not None
    assert meant.as_written.text == "photos of a cat from last year"
    assert [part.value for part in meant.parts] == ["a cat", "dog"]
    assert meant.filter is not None and meant.understood
