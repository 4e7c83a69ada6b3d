"""A query becomes a plan that says which branches run, and nothing else."""

from __future__ import annotations

import pytest

from engine.errors import InvalidQuery
from engine.query.plan import Inventory, plan, validated
from engine.types import Branch, Kind, Modality, Query

ALL = frozenset(Modality)
LIBRARY = Inventory(
    "words",
    "looks",
    "sounds",
    {
        "words": ALL,
        "looks": frozenset({Modality.IMAGE, Modality.KEYFRAME}),
        "sounds": frozenset({Modality.SOUND}),
    },
)


def branches(**query) -> set[tuple[str, str | None, Modality | None]]:
    return {(b.name, b.space, b.modality) for b in plan(Query(**query), LIBRARY).branches}


def test_a_text_is_asked_of_every_modality_and_of_the_words():
    expected = {("text", "words", modality) for modality in Modality} | {("words", None, None)}
    assert branches(text="a dog") == expected


@pytest.mark.parametrize(
    ("kind", "modalities"),
    [
        (Kind.IMAGE, {Modality.IMAGE}),
        (Kind.AUDIO, {Modality.SOUND, Modality.SPEECH}),
        (Kind.VIDEO, {Modality.KEYFRAME, Modality.SOUND, Modality.SPEECH}),
    ],
)
def test_kinds_leave_out_the_modalities_that_they_do_not_have(kind, modalities):
    asked = branches(text="a dog", kinds=(kind,))
    assert {modality for _, _, modality in asked if modality} == modalities


def test_a_picture_is_compared_by_looks_and_its_words_reach_what_has_none():
    assert branches(image="a.jpg") == {
        ("image", "looks", Modality.IMAGE),
        ("image", "looks", Modality.KEYFRAME),
        ("image", "words", Modality.SOUND),
        ("image", "words", Modality.SPEECH),
    }


def test_what_words_say_of_an_example_weighs_less_than_its_likeness():
    made = plan(Query(image="a.jpg"), LIBRARY)
    weights = {b.space: b.weight for b in made.branches}
    assert 0 < weights["words"] < weights["looks"] == 1


def test_likeness_compares_like_with_like_only():
    assert branches(audio="a.wav", likeness=True) == {("audio", "sounds", Modality.SOUND)}


def test_what_is_not_wanted_weighs_against():
    made = plan(Query(text="a dog", exclude=("a husky",)), LIBRARY)
    unwanted = [b for b in made.branches if b.name == "not"]
    assert {b.term for b in unwanted} == {"a husky"}
    assert all(b.weight < 0 for b in unwanted)
    assert {b.modality for b in unwanted} == {*Modality, None}


def test_what_the_library_does_not_hold_is_not_asked():
    pictures = Inventory("words", "looks", "sounds", {"words": frozenset({Modality.IMAGE})})
    assert plan(Query(text="x"), pictures).branches == (
        Branch("text", "words", Modality.IMAGE, "x"),
        Branch("words", term="x"),
    )


@pytest.mark.parametrize("query", [Query(), Query(text="  "), Query(exclude=("a dog",))])
def test_a_query_that_asks_nothing_is_refused(query):
    with pytest.raises(InvalidQuery, match="nothing to search for"):
        validated(query)


def test_a_top_of_nothing_is_refused():
    with pytest.raises(InvalidQuery, match="--top"):
        validated(Query(text="x", top=0))


def test_what_is_asked_and_excluded_at_once_is_refused():
    with pytest.raises(InvalidQuery, match="'a dog' is both"):
        validated(Query(text="a dog ", exclude=("a dog",)))


def test_blank_texts_ask_nothing_and_each_text_counts_once():
    query = validated(Query(text=" ", image="a.png", exclude=("", "night", " night", " ")))
    assert (query.text, query.exclude) == (None, ("night",))
    names = [branch.name for branch in plan(query, LIBRARY).branches]
    assert "text" not in names
    assert len([name for name in names if name == "not"]) == len(Modality) + 1


def test_more_candidates_are_asked_for_than_are_shown():
    assert plan(Query(text="x", top=100), LIBRARY).fetch > 100
