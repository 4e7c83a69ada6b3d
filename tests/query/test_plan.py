"""A query becomes a plan that says which branches run, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import InvalidQuery
from engine.query.plan import Inventory, SearchableModality, plan, validated
from engine.types import (
    Branch,
    Condition,
    Fusion,
    Kind,
    Modality,
    PartKind,
    Placement,
    Query,
    QueryPart,
)

MANY = 10_000
SPACES = {
    "words": tuple(Modality),
    "looks": (Modality.IMAGE, Modality.KEYFRAME),
    "sounds": (Modality.SOUND,),
}
LIBRARY = Inventory(
    "words",
    "looks",
    "sounds",
    {space: {m: SearchableModality(50) for m in held} for space, held in SPACES.items()},
    {
        (s, q, m): MANY
        for s, held in SPACES.items()
        for m in held
        for q in ("text", "image", "audio")
    },
)


def branches(query: Query) -> set[tuple[str, str | None, Modality | None]]:
    return {(b.name, b.space, b.modality) for b in plan(query, LIBRARY).branches}


def test_a_text_is_asked_of_every_modality_and_of_the_words():
    expected = {("text", "words", modality) for modality in Modality} | {("words", None, None)}
    assert branches(Query.of("a dog")) == expected


@pytest.mark.parametrize(
    ("kind", "modalities"),
    [
        (Kind.IMAGE, {Modality.IMAGE, Modality.SCREEN}),
        (Kind.AUDIO, {Modality.SOUND, Modality.SPEECH}),
        (Kind.VIDEO, set(Modality) - {Modality.IMAGE}),
    ],
)
def test_kinds_leave_out_the_modalities_that_they_do_not_have(kind, modalities):
    asked = branches(Query.of("a dog", kinds=(kind,)))
    assert {modality for _, _, modality in asked if modality} == modalities


BESIDE = replace(
    LIBRARY,
    held={**LIBRARY.held, "heard": {Modality.SOUND: SearchableModality(40)}},
    beside=("heard",),
)


def test_a_space_beside_answers_texts_in_what_it_holds_and_shares_their_weight():
    query = replace(Query.of("a dog", exclude=("a cat",)), weights=(("sound", 3.0),))
    made = plan(query, BESIDE)
    sounds = [(b.name, b.space, b.weight) for b in made.branches if b.modality is Modality.SOUND]
    assert sounds == [
        (name, space, weight)
        for name, weight in (("text", 1.5), ("not", -1.5))
        for space in ("words", "heard")
    ]
    assert {b.weight for b in made.branches if b.modality is Modality.IMAGE} == {1.0, -1.0}
    assert made.moments == plan(query, LIBRARY).moments, "they are the same moments"
    assert BESIDE.answering(Modality.SOUND) == (("words",), ("heard",))
    assert BESIDE.answering(Modality.IMAGE) == (("words",),)


def test_a_further_space_is_one_witness_with_the_first():
    seen = {Modality.IMAGE: SearchableModality(50)}
    more = replace(LIBRARY, held={**LIBRARY.held, "scenes": seen}, further=("scenes",))
    made = plan(Query.of("a dog"), more)
    asked = [(b.space, b.weight, b.family) for b in made.branches if b.modality is Modality.IMAGE]
    assert asked == [("words", 1.0, "words"), ("scenes", 1.0, "words")]
    assert {b.family for b in made.branches if b.modality is not Modality.IMAGE} == {None}
    assert (
        plan(Query.of(image="a.jpg"), more).branches
        == plan(Query.of(image="a.jpg"), LIBRARY).branches
    ), "examples are asked by their looks"


def test_a_space_beside_is_asked_no_examples():
    audio = Query.of(audio="a.wav")
    assert plan(audio, BESIDE).branches == plan(audio, LIBRARY).branches
    early = replace(Query.of("a dog"), fusion=Fusion.EARLY)
    assert plan(early, BESIDE).branches == plan(early, LIBRARY).branches


def test_a_space_beside_answers_where_the_first_holds_nothing():
    alone = replace(BESIDE, held={"heard": {Modality.SOUND: SearchableModality(40)}})
    vectors = [(b.space, b.weight) for b in plan(Query.of("a dog"), alone).branches if b.space]
    assert vectors == [("heard", 1.0)]


def test_what_cannot_be_searched_is_noted():
    made = plan(Query.of("a dog"), replace(LIBRARY, notes=("heard is not searched: gone",)))
    assert made.notes == ("heard is not searched: gone",)


def test_a_picture_is_compared_by_looks_and_its_words_reach_what_has_none():
    assert branches(Query.of(image="a.jpg")) == {
        ("image", "looks", Modality.IMAGE),
        ("image", "looks", Modality.KEYFRAME),
        ("image", "words", Modality.SOUND),
        ("image", "words", Modality.SPEECH),
        ("image", "words", Modality.SCREEN),
    }


def test_what_words_say_of_an_example_weighs_less_than_its_likeness():
    weights = {b.space: b.weight for b in plan(Query.of(image="a.jpg"), LIBRARY).branches}
    assert 0 < weights["words"] < weights["looks"] == 1


def test_likeness_compares_like_with_like_only():
    query = replace(Query.of(audio="a.wav"), likeness=True)
    assert branches(query) == {("audio", "sounds", Modality.SOUND)}


def test_what_is_not_wanted_weighs_against():
    made = plan(Query.of("a dog", exclude=("a husky",)), LIBRARY)
    unwanted = [b for b in made.branches if b.name == "not"]
    assert {b.term for b in unwanted} == {"a husky"}
    assert all(b.weight < 0 for b in unwanted)
    assert {b.modality for b in unwanted} == {*Modality, None}


def test_an_example_may_be_unwanted_too():
    made = plan(Query((QueryPart("a dog"), QueryPart("husky.jpg", PartKind.IMAGE, -2.0))), LIBRARY)
    against = {(b.name, b.space): b.weight for b in made.branches if b.weight < 0}
    assert against == {("not", "looks"): -2.0, ("not", "words"): -1.0}


def test_what_the_library_does_not_hold_is_not_asked():
    pictures = Inventory(
        "words", "looks", "sounds", {"words": {Modality.IMAGE: SearchableModality(3)}}
    )
    part = (QueryPart("x"),)
    assert plan(Query(part), pictures).branches == (
        Branch("text", "words", Modality.IMAGE, part, vectors=3),
        Branch("words", None, None, part),
    )


def test_weights_are_those_of_the_part_times_those_of_the_modality():
    query = Query((QueryPart("a dog", weight=2.0),), weights=(("speech", 0.5), ("words", 0.0)))
    weights = {b.modality: b.weight for b in plan(query, LIBRARY).branches}
    assert weights[Modality.IMAGE] == 2.0
    assert weights[Modality.SPEECH] == 1.0
    assert None not in weights, "a branch without weight does not run"


def test_the_stages_of_a_query_have_branches_of_their_own():
    made = plan(Query((QueryPart("a"),), ((QueryPart("b"), QueryPart("c")),)), LIBRARY)
    asked = {(b.stage, b.term) for b in made.branches}
    assert asked == {(0, "a"), (1, "b"), (1, "c")}


def test_early_fusion_composes_one_vector_for_each_modality():
    parts = (
        QueryPart("a car"),
        QueryPart("street.jpg", PartKind.IMAGE),
        QueryPart("night", weight=-1.0),
    )
    made = plan(Query(parts, fusion=Fusion.EARLY), LIBRARY)
    vectors = [b for b in made.branches if b.space]
    assert {(b.name, b.space, b.parts) for b in vectors} == {("early", "words", parts)}
    assert [b.modality for b in vectors] == list(Modality)
    assert [(b.name, b.term) for b in made.branches if not b.space] == [
        ("words", "a car"), ("not", "night"),
    ]  # fmt: skip


def test_a_plan_says_how_each_branch_is_searched():
    held = {Modality.IMAGE: SearchableModality(70_000, exact=False, placement=Placement.INSIDE)}
    inventory = Inventory("words", "looks", "sounds", {"words": held}, passing=300)
    query = replace(Query.of("x"), filter=Condition("kind", "=", "image"))
    made = plan(query, inventory)
    branch = made.branches[0]
    assert (branch.vectors, branch.exact, branch.placement) == (70_000, False, "inside")
    assert (made.passing, made.moments) == (300, 300)


def test_all_that_is_searched_is_counted_once():
    assert plan(Query.of("a", exclude=["b"]), LIBRARY).moments == 50 * len(Modality)
    assert plan(Query.of(image="a.jpg"), LIBRARY).moments == 50 * 5


def test_without_backgrounds_branches_are_fused_by_rank_and_the_plan_says_so():
    few = replace(LIBRARY, pairs={("words", "text", Modality.IMAGE): 10})
    made = plan(Query.of("a dog", kinds=(Kind.IMAGE,)), few)
    assert made.fusion is Fusion.RRF
    assert made.notes == (
        "the background of text-image, text-screen is known from fewer than 20 pairs:"
        " branches are fused by rank (rrf)",
    )
    half = plan(replace(Query.of("a dog"), kinds=(Kind.IMAGE,)), replace(few, pairs={
        ("words", "text", Modality.IMAGE): 500
    }))  # fmt: skip
    assert half.fusion is Fusion.RRF
    most = {key: n for key, n in LIBRARY.pairs.items() if key[2] is not Modality.SOUND}
    assert plan(Query.of("a dog"), replace(LIBRARY, pairs=most)).fusion is Fusion.CALIBRATED
    known = plan(Query.of("a dog"), LIBRARY)
    assert (known.fusion, known.notes) == (Fusion.CALIBRATED, ())


def test_a_fusion_that_was_asked_for_stays():
    few = replace(LIBRARY, pairs={})
    assert plan(replace(Query.of("a"), fusion=Fusion.MAX), few).fusion is Fusion.MAX


@pytest.mark.parametrize(
    "query",
    [Query(), Query.of("  "), Query.of(exclude=("a dog",)), Query((QueryPart("a"),), ((),))],
)
def test_a_query_that_asks_nothing_is_refused(query):
    with pytest.raises(InvalidQuery, match="nothing to search for"):
        validated(query)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"top": 0}, "top= must be at least 1, not 0"),
        ({"top": "5"}, "top= must be a whole number, not '5'"),
        ({"top": 2.5}, "top= must be a whole number, not 2.5"),
        ({"within": None}, "within= must be a number, not None"),
        ({"weights": (("sound", "2"),)}, "the weight of sound must be a number, not '2'"),
        ({"top": 10**7}, "top= must be at most"),
        ({"within": -1.0}, "within= must be at least 0"),
        ({"deadline_ms": 0.0}, "deadline_ms= must be at least 1"),
        ({"weights": (("image", -1.0),)}, "the weight of image must be at least 0"),
        ({"weights": (("pictures", 1.0),)}, "no weight of 'pictures'; weights are image, keyframe"),
        ({"parts": (QueryPart("a", weight=1e9),)}, "a weight must be at most 100"),
        ({"parts": (QueryPart("a", weight=float("nan")),)}, "nothing to search for"),
        ({"then": tuple(((QueryPart("a"),),) * 9)}, "more than 8 stages"),
        ({"parts": tuple(QueryPart(str(n)) for n in range(33))}, "more than 32 parts"),
    ],
)
def test_numbers_that_nobody_can_mean_are_refused(changes, message):
    with pytest.raises(InvalidQuery, match=message):
        validated(replace(Query.of("x"), **changes))


def test_what_is_asked_and_excluded_at_once_is_refused():
    with pytest.raises(InvalidQuery, match="'a dog' is both"):
        validated(Query.of("a dog ", exclude=("a dog",)))


def test_blank_texts_ask_nothing_and_each_text_counts_once():
    query = validated(Query.of(" ", image="a.png", exclude=("", "night", " night", " ")))
    assert [part.value for part in query.parts] == ["a.png", "night"]
    names = [branch.name for branch in plan(query, LIBRARY).branches]
    assert "text" not in names
    assert len([name for name in names if name == "not"]) == len(Modality) + 1


def test_more_candidates_are_asked_for_than_are_shown():
    assert plan(Query.of("x", top=100), LIBRARY).fetch > 100


def test_blanks_around_a_text_mean_nothing_and_those_of_a_path_are_its_name():
    parts = validated(Query((QueryPart(" dog "), QueryPart("./a.jpg ", PartKind.FILE)))).parts
    assert [part.value for part in parts] == ["dog", "./a.jpg "]


@pytest.mark.parametrize("changes", [{"within": float("inf")}, {"deadline_ms": float("inf")}])
def test_no_number_of_a_query_is_one_that_json_does_not_know(changes):
    with pytest.raises(InvalidQuery, match="must be at most"):
        validated(replace(Query.of("dog"), **changes))


def test_a_stage_that_nothing_is_searched_for_is_noted():
    weights = tuple((name, 0.0) for name in (*Modality, "words"))
    planned = plan(replace(Query.of("dog"), weights=weights), LIBRARY)
    assert planned.branches == ()
    assert any("nothing is searched for 'dog'" in note for note in planned.notes)
    assert not plan(Query.of("dog"), LIBRARY).notes
