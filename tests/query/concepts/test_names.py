"""Names of concepts are found in the texts of queries, as whole words, and not in quotes."""

from __future__ import annotations

import pytest

from engine.errors import UsageError
from engine.query.concepts.names import checked_name, with_concepts
from engine.query.language import build_query
from engine.types import PartKind

NAMES = {"rex": "Rex", "rex mills": "Rex Mills", "our garden": "our garden"}


def parts(text):
    """Return the parts of a query as it is typed: what they are, what they say, their weight."""
    query = with_concepts(build_query(text), NAMES)
    return [(str(p.asked), p.value, p.weight) for stage in query.stages for p in stage]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rex", [("concept", "Rex", 1)]),
        ("rex on the beach", [("concept", "Rex", 1), ("text", "on the beach", 1)]),
        ("a photo of REX", [("concept", "Rex", 1)]),
        ("Rex's ball", [("concept", "Rex", 1), ("text", "ball", 1)]),
        ("rex mills and Rex", [("concept", "Rex Mills", 1), ("concept", "Rex", 1)]),
        ("Rexona", [("text", "Rexona", 1)]),
        ("T-Rex-like", [("concept", "Rex", 1), ("text", "T--like", 1)]),
        ("a dog -Rex", [("text", "a dog", 1), ("concept", "Rex", -1)]),
        ("a dog -Rex on the beach", [("text", "a dog", 1), ("text", "Rex on the beach", -1)]),
        ("2:Rex + snow", [("concept", "Rex", 2), ("text", "snow", 1)]),
        ('"Rex" on the beach', [("text", "Rex on the beach", 1)]),
        ('Rex "on the beach"', [("concept", "Rex", 1), ("text", "on the beach", 1)]),
        ("snow in Our  garden", [("concept", "our garden", 1), ("text", "snow in", 1)]),
        ('a dog then "Rex"', [("text", "a dog", 1), ("text", "Rex", 1)]),
    ],
)
def test_names_are_parts_of_their_own(text, expected):
    assert parts(text) == expected


def test_filters_stay_and_paths_are_no_names():
    query = with_concepts(build_query("kind:video Rex"), NAMES)
    assert [str(kind) for kind in query.kinds] == ["video"]
    assert [p.asked for p in query.parts] == [PartKind.CONCEPT]
    assert with_concepts(build_query("./rex.jpg"), NAMES).parts[0].asked is PartKind.FILE


def test_a_query_without_names_is_left_as_it_is():
    query = build_query("a dog on grass")
    assert with_concepts(query, NAMES) is not query or with_concepts(query, {}) is query
    assert with_concepts(query, NAMES) == query


@pytest.mark.parametrize("name", ["", " ", "-Rex", "a:b", 'say "x"', "then", "x" * 61, "a/b"])
def test_a_name_that_a_query_cannot_have_is_refused(name):
    with pytest.raises(UsageError):
        checked_name(name)


def test_a_name_loses_the_blanks_around_it():
    assert checked_name("  Rex   Mills ") == "Rex Mills"
