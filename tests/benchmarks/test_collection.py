"""The mixed collection's queries and judgements are whole; none of its files is needed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks import collection
from benchmarks.collection import Judgement, MixedQuery
from engine.types import Modality

ASKED = collection.queries()
UNANSWERED = collection.unanswerable()
JUDGED = collection.judgements()
QUERY, ROW = ASKED[0], JUDGED[0]
CLIP = next(row for row in JUDGED if row.start is not None)


def test_nothing_is_inconsistent() -> None:
    assert collection.faults(ASKED, UNANSWERED, JUDGED) == []


def test_there_are_as_many_queries_as_said_and_the_halves_are_even() -> None:
    assert Counter(query.split for query in ASKED) == {"dev": 60, "test": 60}
    assert Counter(query.split for query in UNANSWERED) == {"dev": 20, "test": 20}


def test_every_group_is_used() -> None:
    assert {group for query in ASKED for group in query.groups} == collection.GROUPS.keys()


def test_fifty_queries_are_answered_by_files_of_more_than_one_modality() -> None:
    mixed = 0
    for query in ASKED:
        rows = [row for row in JUDGED if row.query == query.id]
        pairs = {(one.file, one.modality) for one in rows}
        mixed += any(a[0] != b[0] and a[1] != b[1] for a in pairs for b in pairs)
    assert mixed >= 50


def test_judgements_stand_in_the_order_of_queries_best_first() -> None:
    assert list(JUDGED) == sorted(JUDGED, key=lambda row: (row.query, -row.grade))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (replace(ROW, grade=3), "grade 3"),
        (replace(ROW, grade=0), "grade 0"),
        (replace(ROW, query="q999"), "unknown"),
        (replace(ROW, query=UNANSWERED[0].id), "unknown"),
        (replace(ROW, modality=Modality.SOUND), "not to be found by sound"),
        (replace(ROW, file="elsewhere/x.png"), "not to be found by image"),
        (replace(ROW, start=0.0, end=1.0), "other files none"),
        (replace(CLIP, start=None, end=None), "videos have both times"),
        (replace(CLIP, end=None), "videos have both times"),
        (replace(CLIP, start=2.0, end=2.0), "from 2.0 to 2.0"),
        (ROW, "judged twice"),
    ],
)
def test_a_wrong_judgement_is_named(row: Judgement, said: str) -> None:
    assert any(said in fault for fault in collection.faults(ASKED, UNANSWERED, [*JUDGED, row]))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (replace(QUERY, id="q999"), "nothing is what was asked"),
        (replace(QUERY, text="other words"), "used twice"),
        (replace(QUERY, id="q999", text=UNANSWERED[0].text.upper()), "asked twice"),
        (replace(QUERY, id="q999", text="word"), "not 2 to 10 words"),
        (replace(QUERY, id="q999", groups=("odd",)), "groups ('odd',)"),
        (replace(QUERY, id="q999", groups=()), "groups ()"),
        (replace(QUERY, id="q999", split="train"), "split 'train'"),
    ],
)
def test_a_wrong_query_is_named(query: MixedQuery, said: str) -> None:
    assert any(said in fault for fault in collection.faults([*ASKED, query], UNANSWERED, JUDGED))


def test_a_query_that_only_related_files_answer_is_named() -> None:
    related = [replace(row, grade=1) if row.query == QUERY.id else row for row in JUDGED]
    assert collection.faults(ASKED, UNANSWERED, related) == [
        f"{QUERY.id}: nothing is what was asked"
    ]
