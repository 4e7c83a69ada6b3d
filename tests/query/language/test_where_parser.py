"""Expressions become filters, and dates mean whole periods in both grammars."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import QuerySyntax
from engine.query.language.query_parser import parse_query
from engine.query.language.where_parser import parse_where
from engine.types import AllOf, AnyOf, Condition, Filter, Not
from tests.examples import examples
from tests.query.texts import ANY_TEXT, EXPRESSIONS, NASTY, TODAY, expressions, holds, with_slips

VIDEO, AUDIO = Condition("kind", "=", "video"), Condition("kind", "=", "audio")
LARGE, BEACH = Condition("size", ">", 1e6), Condition("tags", "=", "beach")


def where(text: str) -> Filter:
    return parse_where(text, TODAY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind = video", VIDEO),
        ("KIND IS Video", VIDEO),
        ("kind=video", VIDEO),
        ("kind != video", Condition("kind", "!=", "video")),
        ("kind in (video, audio)", AnyOf((VIDEO, AUDIO))),
        ("kind in video", VIDEO),
        ("tags has beach", BEACH),
        ("tag = beach", BEACH),
        ("tags has 'hot dog'", Condition("tags", "=", "hot dog")),
        (r"tags has 'dog\'s'", Condition("tags", "=", "dog's")),
        ("tags in (beach, “hot dog”)", AnyOf((BEACH, Condition("tags", "=", "hot dog")))),
        ('path like "*/beach (old)/*"', Condition("path", "=", "*/beach (old)/*")),
        ("path != *.jpg", Condition("path", "!=", "*.jpg")),
        ("duration < 1m30s", Condition("duration", "<", 90.0)),
        ("size > 1mb", LARGE),
        ("size>1MB", LARGE),
        ("place in (51.4, -0.2, 51.6, 0.1)", Condition("place", "=", (51.4, -0.2, 51.6, 0.1))),
        ('near != "1,2,3,4"', Condition("place", "!=", (1.0, 2.0, 3.0, 4.0))),
        ("speech = yes", Condition("speech", "=", "yes")),
        ("screen is no", Condition("screen", "=", "no")),
        ("after 2024-01-01", Condition("date", ">=", "2024-01-01")),
        ("Before 2024", Condition("date", "<", "2024")),
    ],
)
def test_comparisons(text, expected):
    assert where(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind = video and size > 1mb", AllOf((VIDEO, LARGE))),
        ("kind = video OR size > 1mb", AnyOf((VIDEO, LARGE))),
        (
            "kind = video or kind = audio and size > 1mb",
            AnyOf((VIDEO, AllOf((AUDIO, LARGE)))),
        ),
        (
            "(kind = video or kind = audio) and size > 1mb",
            AllOf((AnyOf((VIDEO, AUDIO)), LARGE)),
        ),
        ("not kind = video and size > 1mb", AllOf((Not(VIDEO), LARGE))),
        ("not (kind = video and size > 1mb)", Not(AllOf((VIDEO, LARGE)))),
        ("not (not kind = video)", Not(Not(VIDEO))),
        ("kind = video and kind = audio and size > 1mb", AllOf((VIDEO, AUDIO, LARGE))),
        ("(((kind = video)))", VIDEO),
        (
            "tags has 'and' or tags has not",
            AnyOf((Condition("tags", "=", "and"), Condition("tags", "=", "not"))),
        ),
    ],
)
def test_not_binds_closest_and_or_loosest(text, expected):
    assert where(text) == expected


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("", 0, "a field is missing before the end"),
        ("kind", 4, "kind can be compared by = != is in"),
        ("kind =", 6, "a value is missing before the end"),
        ("kind == video", 5, "'==' is no comparison"),
        ("kind 'is' video", 5, "'is' is no comparison"),
        ("kind < video", 5, "'<' is no comparison"),
        ("duration = 5", 9, "duration can be compared by < <= > >="),
        ("kind not in (video)", 5, "say: not kind"),
        ("durration < 5", 0, "did you mean 'duration'?"),
        ("kind = video and", 16, "a field is missing"),
        ("kind = video and and", 17, "unknown field 'and'"),
        ("not not kind = video", 4, "unknown field 'not'"),
        ("kind = (video)", 7, "a value is missing before '('"),
        ("kind in ()", 9, "a value is missing before ')'"),
        ("kind in (video audio)", 8, "this list is not closed"),
        ("(kind = video", 0, "not closed"),
        ("kind = video)", 12, "no parenthesis is open"),
        ("tags has hot dog", 13, "'dog' follows a whole comparison"),
        ("'kind' = video", 0, "a field is missing"),
        ("kind = 'video", 7, "not closed"),
        ("kind = vidoe", 7, "did you mean 'video'?"),
        ("place in (1, 2, 3)", 10, "four borders"),
        ("place in (1, x, 3, 4)", 13, "no number"),
        ("date in (2024, x)", 15, "is no date"),
        ("after = 2024", 6, "a value is missing before '='"),
        ("(" * 65 + "kind = video" + ")" * 65, 64, "more than 64 deep"),
        (" or ".join(["kind = video"] * 257), 256 * 16 + 7, "more than 256"),
    ],
)
def test_a_slip_is_refused_where_it_is(text, position, says):
    with pytest.raises(QuerySyntax) as caught:
        where(text)
    assert caught.value.position == position
    assert str(caught.value).startswith(f"at character {position + 1}: ")
    assert says in str(caught.value)


def test_parentheses_go_as_deep_as_they_may():
    assert where("(" * 64 + "kind = video" + ")" * 64) == VIDEO
    assert where(" and ".join(["(kind = video)"] * 200)) == AllOf((VIDEO,) * 200)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today", "2024-03-31"),
        ("Yesterday", "2024-03-30"),
        ("0d", "2024-03-31"),
        ("7d", "2024-03-24"),
        ("4W", "2024-03-03"),
        ("1m", "2024-02-29"),
        ("3m", "2023-12-31"),
        ("15m", "2022-12-31"),
        ("2y", "2022-03-31"),
    ],
)
def test_days_count_from_today(said, day):
    expected = Condition("date", ">=", day)
    assert where(f"after {said}") == where(f"date >= {said}") == expected
    assert parse_query(f"after:{said}", TODAY).filter == expected


@pytest.mark.parametrize(
    ("said", "after"),
    [
        ("2024", "2025"),
        ("0999", "1000"),
        ("2024-06", "2024-07"),
        ("2024-12", "2025-01"),
        ("2024-02-28", "2024-02-29"),
        ("2024-12-31", "2025-01-01"),
        ("2024-12-31T23", "2025-01-01T00"),
        ("2024-06-01t12:59", "2024-06-01T13:00"),
        ("2024-06-01T12:30:59", "2024-06-01T12:31:00"),
    ],
)
def test_a_period_ends_where_the_next_begins(said, after):
    assert where(f"date > {said}") == Condition("date", ">=", after)
    assert where(f"date <= {said}") == Condition("date", "<", after)


_LENGTHS = (4, 7, 10, 13, 16, 19)
_TIMES = st.datetimes(datetime(2023, 11, 1), datetime(2024, 3, 1)).map(
    lambda when: when.replace(microsecond=0).isoformat()
)


@settings(max_examples=examples(300))
@given(
    _TIMES, _TIMES, st.sampled_from(_LENGTHS), st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
)
def test_a_date_compares_as_coarsely_as_it_is_said(when, said, length, op):
    said, coarse = said[:length], when[:length]
    expected = {
        "=": coarse == said,
        "!=": coarse != said,
        "<": coarse < said,
        "<=": coarse <= said,
        ">": coarse > said,
        ">=": coarse >= said,
    }[op]
    assert holds(where(f"date {op} {said}"), when) == expected
    if op != "!=":
        made = parse_query(f"date:{op.strip('=') if op == '=' else op}{said}", TODAY).filter
        assert made is not None
        assert holds(made, when) == expected


@settings(max_examples=examples(300))
@given(_TIMES, _TIMES, _TIMES, st.sampled_from(_LENGTHS), st.sampled_from(_LENGTHS))
def test_a_range_of_dates_holds_both_of_its_ends(when, one, other, short, long):
    least, most = min(one, other)[:short], max(one, other)[:long]
    try:
        made = parse_query(f"date:{least}..{most}", TODAY).filter
    except QuerySyntax:  # a coarse end begins before a fine start
        assert most < least
        return
    assert made is not None
    assert holds(made, when) == (when[:short] >= least and when[:long] <= most)


@settings(max_examples=examples(400))
@given(expressions)
def test_a_printed_expression_is_read_as_what_it_was_made_of(drawn):
    text, made = drawn
    assert where(text) == made


def is_parsed_or_refused(text: str) -> None:
    try:
        where(text)
    except QuerySyntax as error:
        assert 0 <= error.position <= len(text)
        assert error.text == text
        assert str(error).isprintable()


@settings(max_examples=examples(1500))
@given(st.one_of(ANY_TEXT, st.text(NASTY, max_size=40)))
def test_any_text_is_parsed_or_refused(text):
    is_parsed_or_refused(text)


@settings(max_examples=examples(1500))
@given(with_slips(EXPRESSIONS))
def test_an_expression_with_slips_is_parsed_or_refused(text):
    is_parsed_or_refused(text)


@pytest.mark.parametrize(
    "pattern",
    ["a", "1", "(", ")", "not ", "not (", "kind = video and ", "kind in (video,", "'", '"a"', "=",
     "\\", "(kind = video) or ", "\0", "'\\", "duration < 1"],
)  # fmt: skip
def test_reading_takes_time_in_proportion(pattern):
    text = (pattern * 100_000)[:100_000]
    start = time.process_time()
    is_parsed_or_refused(text)
    assert time.process_time() - start < 3  # 0.2 s at most; were it quadratic, a minute
