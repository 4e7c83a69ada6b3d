"""Figures of retrieval, against ones that were worked out by hand."""

from __future__ import annotations

import math

import pytest

from benchmarks.collection import Judgement
from benchmarks.metrics import Place, gains, interval, ndcg, places, recall
from engine.types import Modality

WHOLE, RELATED = Place("a.jpg", None, None, 2), Place("b.jpg", None, None, 1)
EARLY, LATE = Place("v.mp4", 0.0, 4.0, 1), Place("v.mp4", 10.0, 14.0, 2)


def judged(file: str, grade: int, start: float | None = None, end: float | None = None):
    return Judgement("q", file, start, end, Modality.KEYFRAME, grade)


def still(name: str) -> tuple[str, None, None]:
    return name, None, None


def test_the_best_order_is_worth_one() -> None:
    assert ndcg([still("a.jpg"), still("b.jpg")], [RELATED, WHOLE]) == pytest.approx(1.0)


def test_the_other_order_is_worth_less() -> None:
    """(1 / log2 2 + 3 / log2 3) / (3 / log2 2 + 1 / log2 3)."""
    turned = ndcg([still("b.jpg"), still("a.jpg")], [WHOLE, RELATED])
    assert turned == pytest.approx((1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)))
    assert turned == pytest.approx(0.7967, abs=1e-4)


def test_what_comes_behind_a_wrong_hit_is_discounted() -> None:
    """3 / log2 4 of 3 + 1 / log2 3: the second place was not found."""
    found = [still("x.jpg"), still("y.jpg"), still("a.jpg")]
    assert ndcg(found, [WHOLE, RELATED]) == pytest.approx(1.5 / (3 + 1 / math.log2(3)))


def test_only_the_first_hits_count_and_no_more_is_asked_than_fits() -> None:
    found = [still("x.jpg"), still("a.jpg")]
    assert ndcg(found, [WHOLE], top=1) == 0.0
    assert ndcg([still("a.jpg")], [WHOLE, RELATED], top=1) == pytest.approx(1.0)
    assert recall([still("a.jpg")], [WHOLE, RELATED], top=1) == 1.0


def test_a_place_counts_once_whoever_finds_it_again() -> None:
    found = [still("a.jpg"), still("a.jpg"), still("b.jpg")]
    assert gains(found, [WHOLE, RELATED]) == [2, 0, 1]
    shots = [("v.mp4", 0.0, 2.0), ("v.mp4", 2.0, 4.0), ("v.mp4", 11.0, 12.0)]
    assert gains(shots, [EARLY, LATE]) == [1, 0, 2]
    assert recall(found, [WHOLE, RELATED]) == 1.0
    assert recall(found[:2], [WHOLE, RELATED]) == 0.5


def test_spans_that_only_touch_are_two_places() -> None:
    assert not EARLY.is_at("v.mp4", 4.0, 6.0)
    assert not EARLY.is_at("w.mp4", 0.0, 4.0)
    assert EARLY.is_at("v.mp4", 3.9, 6.0)
    assert EARLY.is_at("v.mp4", None, None), "a hit without times is anywhere in its file"
    assert WHOLE.is_at("a.jpg", 3.0, 4.0)


def test_spans_that_overlap_are_one_place_with_the_best_grade() -> None:
    rows = [
        judged("v.mp4", 1, 8.0, 12.0),
        judged("v.mp4", 1, 0.0, 4.0),
        judged("v.mp4", 2, 3.0, 3.5),
        judged("v.mp4", 1, 3.9, 6.0),
        judged("v.mp4", 2, 6.0, 7.0),
    ]
    assert places(rows) == [
        Place("v.mp4", 0.0, 6.0, 2),
        Place("v.mp4", 6.0, 7.0, 2),
        Place("v.mp4", 8.0, 12.0, 1),
    ]


def test_a_file_that_was_judged_as_a_whole_is_one_place() -> None:
    rows = [judged("v.mp4", 1), judged("v.mp4", 2, 3.0, 4.0), judged("a.jpg", 1)]
    assert places(rows) == [Place("v.mp4", None, None, 2), Place("a.jpg", None, None, 1)]


def test_an_interval_holds_the_mean_and_narrows_with_more_queries() -> None:
    few, many = [0.0, 1.0] * 5, [0.0, 1.0] * 100
    low, high = interval(few)
    assert low < 0.5 < high
    narrow = interval(many)
    assert narrow == pytest.approx((0.5 - 0.069, 0.5 + 0.069), abs=0.01)
    assert interval(many) == narrow, "it is the same each time"
    assert interval([0.3] * 9) == pytest.approx((0.3, 0.3))
