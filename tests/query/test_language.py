"""Every example of docs/language.md can be typed, and every filter is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.query.language.filter_fields import FIELD_NAMES
from engine.query.language.query_parser import parse_query
from engine.query.language.where_parser import parse_where

PAGE = (Path(__file__).parent.parent.parent / "docs" / "language.md").read_text()
PARTS, FILTERS, EXPRESSIONS = (
    PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    for title in ("Parts", "Filters", "Expressions")
)


def first_column(section: str) -> list[str]:
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return [example for cell in cells for example in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("text", first_column(PARTS))
def test_examples_of_parts_ask_for_something(text):
    made = parse_query(text)
    assert made.stages
    assert made.filter is None


@pytest.mark.parametrize("text", first_column(FILTERS))
def test_examples_of_filters_filter(text):
    made = parse_query(text)
    assert made.stages == ()
    assert made.filter is not None


@pytest.mark.parametrize("text", re.findall(r"^    (\S.*)$", EXPRESSIONS, re.MULTILINE))
def test_examples_of_expressions_can_be_read(text):
    parse_where(text)


def test_every_filter_is_on_the_page():
    assert first_column(PARTS)
    missing = [name for name in FIELD_NAMES if f"`{name}:" not in FILTERS]
    assert not missing
    assert all(f"`{name}`" in EXPRESSIONS for name in FIELD_NAMES)
