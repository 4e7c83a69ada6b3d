"""What was typed becomes a query, whichever way it was given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import InvalidQuery, QuerySyntax
from engine.query.language.query_builder import as_sequence, build_query, parse_kinds, with_options
from engine.query.language.where_parser import parse_where
from engine.types import AllOf, AnyOf, Fusion, Group, Kind, PartKind, Query, QueryPart

VIDEO, AUDIO, IMAGE = Kind.VIDEO, Kind.AUDIO, Kind.IMAGE


def test_a_text_alone_asks_with_the_defaults():
    assert build_query("a red car") == Query((QueryPart("a red car"),))


def test_nothing_typed_is_an_empty_query():
    assert build_query() == build_query("") == Query()


def test_words_of_a_command_line_are_one_text():
    assert build_query(["a", "red", "car"]) == build_query("a red car")


def test_the_language_is_read():
    query = build_query('2: snow - night then "the end"')
    argv = build_query(["2:", "snow", "-", "night", "then", "the end"])
    # A shell takes the quotes away, so slips are mended there and not in what is quoted.
    assert (query.spelling, argv.spelling) == (False, True)
    assert query == replace(argv, spelling=False)
    assert query.parts == (QueryPart("snow", weight=2.0), QueryPart("night", weight=-1.0))
    assert query.then == ((QueryPart("the end"),),)


def test_examples_and_what_is_not_wanted_are_parts_of_the_first_stage():
    query = build_query(
        '"a dog" then "the end"', image="~/a.jpg", audio=Path("b.wav"), exclude=["x", "- y"]
    )
    assert query.parts == (
        QueryPart("a dog"),
        QueryPart("~/a.jpg", PartKind.IMAGE),
        QueryPart("b.wav", PartKind.AUDIO),
        QueryPart("x", weight=-1.0),
        QueryPart("- y", weight=-1.0),
    )
    assert query.then == ((QueryPart("the end"),),)


def test_an_example_without_a_path_is_refused():
    with pytest.raises(InvalidQuery, match="the path of audio= is empty"):
        build_query(audio="")


def test_every_option_is_one_of_the_query():
    query = build_query(
        "x", top=7, fusion="rrf", weights={"words": 2.0, "image": 0.5}, group="alike", likely=True,
        within=5.0, deadline_ms=80.0, rerank="lm", rerank_top=9,
    )  # fmt: skip
    assert query == Query(
        (QueryPart("x"),), top=7, fusion=Fusion.RRF, weights=(("image", 0.5), ("words", 2.0)),
        group=Group.ALIKE, likely=True, within=5.0, deadline_ms=80.0, rerank="lm", rerank_top=9,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"where": ["kind = video", 3]}, "3 is no text"),
        ({"exclude": [None]}, "None is no text"),
        ({"weights": "sound=2"}, "weights= must be numbers by their names"),
        ({"space": 3}, "space=3 is no name of a space"),
    ],
)
def test_what_is_of_the_wrong_type_is_named(options, says):
    with pytest.raises(InvalidQuery, match=says):
        build_query("x", **options)


def test_a_file_that_is_taken_for_words_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my trip").mkdir()
    (tmp_path / "my trip" / "a dog.jpg").touch()
    assert build_query("my trip/a dog.jpg").understood == (
        "my trip/a dog.jpg is looked for as words; what is like this file: ./my trip/a dog.jpg",
    )
    assert not build_query("a dog.jpg").understood
    assert not build_query("my trip/a dog.jpg", local=False).understood


def test_a_floor_is_an_older_name_of_likely():
    assert build_query("x", floor=True).likely
    assert not build_query("x").likely


def test_options_leave_the_others_as_they_were():
    query = build_query("x", top=7, fusion="max", likely=True)
    assert with_options(query) == query
    assert with_options(query, group=Group.NONE) == build_query(
        "x", top=7, fusion="max", likely=True, group="none"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fusion": "best"}, "no way to fuse called 'best'; there are calibrated, rrf, weighted"),
        ({"group": "day"}, "no way to group called 'day'; there are shot, asset, alike, none"),
        (
            {"kinds": "picture"},
            "no kind called 'picture'; did you mean 'image'. There are image, video, audio",
        ),
        ({"kinds": "photos"}, "did you mean 'image'"),
        ({"kinds": "movie"}, "did you mean 'video'"),
        ({"kinds": "vidoe"}, "did you mean 'video'"),
        ({"kinds": "Audio"}, "did you mean 'audio'"),
        ({"kinds": "poem"}, "no kind called 'poem'; there are image"),
        ({"sort": "newest"}, "no order called 'newest'; did you mean 'date'"),
        ({"group": "file"}, "did you mean 'asset'"),
        ({"fusion": "calibratd"}, "did you mean 'calibrated'"),
    ],
)
def test_a_choice_that_there_is_none_of_is_refused_with_those_that_there_are(options, message):
    with pytest.raises(InvalidQuery, match=message):
        build_query("x", **options)


def test_filters_of_both_grammars_hold_together():
    typed = build_query("x after:2024-02 duration:<60")
    asked = build_query("x", where=["after 2024-02", "duration < 60"])
    assert typed.filter == asked.filter
    assert isinstance(asked.filter, AllOf)
    assert asked.filter.filters == (parse_where("after 2024-02"), parse_where("duration < 60"))
    assert build_query("x after:2024-02", where="duration < 60").filter == asked.filter


@pytest.mark.parametrize(
    ("typed", "listed"),
    [("*.jpg", True), ("IMG_00*", True), ("*trip*", True), ("a * b", False), ("f**k you", False)],
)
def test_a_pattern_of_names_is_a_filter(typed, listed):
    query = build_query(typed)
    assert query.lists is listed
    if listed:
        assert query.filter == build_query(f"path:{typed}").filter
        assert f"taken as path:{typed}" in query.understood[0]
        assert query.as_written.text == typed
    assert not build_query(f'"{typed}"').lists


def test_one_filter_stands_alone():
    assert build_query("x", where="duration < 60").filter == parse_where("duration < 60")
    assert build_query("x").filter is None


def test_a_filter_that_cannot_be_read_is_refused():
    with pytest.raises(QuerySyntax):
        build_query("x", where="duration <")


@pytest.mark.parametrize(
    ("given", "kinds", "rest"),
    [
        ({"where": "kind = video"}, (VIDEO,), None),
        ({"text": "x kind:video"}, (VIDEO,), None),
        ({"text": "x kind:audio,video"}, (VIDEO, AUDIO), None),
        ({"where": "kind in (audio, image)"}, (IMAGE, AUDIO), None),
        ({"where": "kind = video or kind = audio"}, (VIDEO, AUDIO), None),
        ({"where": "kind = video and size > 9"}, (VIDEO,), "size > 9"),
        ({"where": "(size > 9 and kind = video) and size < 99"}, (VIDEO,), "size > 9, size < 99"),
        ({"where": ["kind in (video, audio)", "kind in (audio, image)"]}, (AUDIO,), None),
        ({"kinds": ["audio", "video"], "where": "kind = video"}, (VIDEO,), None),
        ({"kinds": ["audio", "video"]}, (AUDIO, VIDEO), None),
        # Only what names kinds and nothing else can stand for a filter.
        ({"where": "kind != video"}, (), "kind != video"),
        ({"where": "not kind = video"}, (), "not kind = video"),
        ({"where": "kind = video or size > 9"}, (), "kind = video or size > 9"),
    ],
)
def test_filters_that_name_kinds_become_kinds(given, kinds, rest):
    query = build_query(**{"text": "x"} | given)
    assert query.kinds == kinds
    expected = [parse_where(one) for one in rest.split(", ")] if rest else []
    assert query.filter == (AllOf(tuple(expected)) if len(expected) > 1 else (*expected, None)[0])


def test_kinds_inside_of_an_alternative_stay_there():
    query = build_query("x", where="(kind = video and size > 9) or kind = audio")
    assert query.kinds == ()
    assert isinstance(query.filter, AnyOf)


@pytest.mark.parametrize(
    "given",
    [
        {"where": "kind = video and kind = audio"},
        {"kinds": "image", "where": "kind = video"},
        {"text": "x kind:video", "where": "kind in (image, audio)"},
    ],
)
def test_kinds_that_contradict_each_other_are_refused(given):
    with pytest.raises(InvalidQuery, match="no file is of two kinds at once"):
        build_query(**{"text": "x"} | given)


def test_a_lone_text_is_one_of_several():
    assert as_sequence("abc") == ["abc"]
    assert as_sequence(["a", "b"]) == ["a", "b"]
    assert parse_kinds("video") == (VIDEO,)
    assert build_query("x", exclude="abc").parts[1:] == (QueryPart("abc", weight=-1.0),)


def test_bytes_that_are_no_utf8_are_searched_as_question_marks_and_opened_as_they_are():
    query = build_query(["caf\udce9", "then", "na\udcefve"], exclude="\udcff", image="a\udce9.jpg")
    assert [part.value for part in query.parts] == ["caf?", "a\udce9.jpg", "?"]
    assert query.then == ((QueryPart("na?ve"),),)


@pytest.mark.parametrize(
    ("name", "meant"), [("kind", "kinds"), ("limit", "top"), ("wher", "where")]
)
def test_an_argument_that_there_is_none_of_names_the_one_that_is_meant(name, meant):
    with pytest.raises(TypeError, match=f"no argument {name!r} of a query; did you mean {meant!r}"):
        build_query("a dog", **{name: "x"})
