"""Filters by the signs that ``where`` and other programs have, in the place of a colon."""

from __future__ import annotations

import pytest

from engine.query.language.query_parser import parse_query
from engine.types import PartKind, QueryPart
from tests.query.texts import TODAY


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dog kind=video", "dog kind:video"),
        ("kind==video", "kind:video"),
        ("-kind=video dog", "-kind:video dog"),
        ("size>10MB", "size:>10MB"),
        ("duration<=60", "duration:<=60"),
        ("date>2023-01-01 beach", "date:>2023-01-01 beach"),
    ],
)
def test_a_filter_may_be_written_by_another_sign(typed, meant):
    assert parse_query(typed, TODAY) == parse_query(meant, TODAY)


@pytest.mark.parametrize("text", ["e=mc2", "x>y", "a <3 b", "cats=dogs", "kind = video"])
def test_what_names_no_filter_is_text(text):
    made = parse_query(text, TODAY)
    assert made.stages == ((QueryPart(text, PartKind.TEXT, 1.0),),) and made.filter is None
