"""Whatever is typed is parsed or refused, in time that grows with its length alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import QuerySyntax
from engine.query.language.query_parser import ParsedQuery, parse_query, parse_query_words, quoted
from engine.types import AllOf, QueryPart
from tests.examples import examples
from tests.query.texts import (
    ANY_TEXT,
    NASTY,
    QUERIES,
    TODAY,
    query_filters,
    with_slips,
)


def is_parsed_or_refused(text: str) -> None:
    try:
        made = parse_query(text, TODAY)
    except QuerySyntax as error:
        assert 0 <= error.position <= len(text)
        assert error.text == text
        assert str(error).isprintable()
    else:
        assert all(any(part.weight > 0 for part in stage) for stage in made.stages)
        assert all(part.value for stage in made.stages for part in stage)


@settings(max_examples=examples(3000))
@given(st.one_of(ANY_TEXT, st.text(NASTY, max_size=40)))
def test_any_text_is_parsed_or_refused(text):
    is_parsed_or_refused(text)


@settings(max_examples=examples(2000))
@given(with_slips(QUERIES))
def test_a_query_with_slips_is_parsed_or_refused(text):
    is_parsed_or_refused(text)


@settings(max_examples=examples(500))
@given(st.lists(st.one_of(st.just("then"), with_slips(QUERIES)), max_size=4))
def test_any_words_are_parsed_or_refused(words):
    try:
        parse_query_words(words, TODAY)
    except QuerySyntax as error:
        assert 0 <= error.position <= len(" ".join(words))


@settings(max_examples=examples(1500))
@given(st.one_of(ANY_TEXT, st.text(NASTY, max_size=20)).filter(str.strip))
def test_a_quoted_text_means_itself(text):
    assert parse_query(quoted(text)) == ParsedQuery(((QueryPart(text.strip()),),), None)


@settings(max_examples=examples(500))
@given(st.lists(query_filters, min_size=1, max_size=3))
def test_a_printed_filter_is_read_as_what_it_was_made_of(drawn):
    made = tuple(each for _, each in drawn)
    expected = made[0] if len(made) == 1 else AllOf(made)
    text = " ".join(text for text, _ in drawn)
    assert parse_query(text, TODAY) == ParsedQuery((), expected)
    assert parse_query(f"cat {text}", TODAY) == ParsedQuery(((QueryPart("cat"),),), expected)


@pytest.mark.parametrize(
    "pattern",
    ["a", "1", "1:", "1.", "a ", "-a ", "- ", "+-", "2: a + ", '"a" then ', '""', '"a"', '"', "\\",
     '"\\', "a:", "kind:video ", "kind:", "path:\"a\" ", "then ", "then 2: ", "/", "file:",
     "(", "\0", "duration:<1..", "“", "é", "tags:a,"],
)  # fmt: skip
def test_reading_takes_time_in_proportion(pattern):
    text = (pattern * 40_000)[:40_000]
    start = time.process_time()
    is_parsed_or_refused(text)
    assert time.process_time() - start < 2  # 0.1 s at most; were it quadratic, ten
