"""What is no better than the background is no answer."""

from __future__ import annotations

import math

import pytest

from engine.query.floor import ANSWERS, GOES_WITH, above_floor, least_evidence
from engine.query.fuse import fuse
from engine.types import Modality
from tests.query.scores import branch, scored

TEXT = branch()


def kept(moments: int = 1000, weight: float = 1.0, **log_odds: float) -> list[int]:
    ranking = fuse([scored(branch(weight=weight), **log_odds)])
    return sorted(ranking.ids[above_floor(ranking, moments)].tolist())


def test_the_floor_is_where_chance_would_bring_as_many():
    assert least_evidence(1000, 1.0) == pytest.approx(math.log(1000))
    assert least_evidence(1000, 0.1) == pytest.approx(math.log(10_000))
    assert least_evidence(1, 1.0) == 3.0, "in a small library, odds of twenty to one"


def test_what_goes_with_an_answer_is_asked_less_than_the_answer():
    strict, mild = least_evidence(1000, ANSWERS), least_evidence(1000, GOES_WITH)
    assert strict > mild
    assert kept(m1=strict + 0.1, m2=mild + 0.1, m3=mild - 0.1) == [1, 2]
    assert kept(m1=strict - 0.1, m2=mild + 0.1) == []


def test_the_floor_rises_with_the_library():
    assert kept(100, m1=10.0) == [1]
    assert kept(10_000_000, m1=10.0) == []


def test_a_weight_makes_nothing_an_answer():
    assert kept(weight=5.0, m1=3.0) == []


def test_spaces_that_share_a_weight_make_nothing_an_answer():
    strict = least_evidence(1000, ANSWERS)

    def answers(nats: float) -> bool:
        halves = [scored(branch(space=space, weight=0.5), m1=nats) for space in ("a", "b")]
        return bool(above_floor(fuse(halves), 1000).all())

    assert answers(strict + 0.1)
    assert not answers(strict - 0.1)


def test_an_empty_ranking_has_nothing_to_keep():
    assert len(above_floor(fuse([]), 10)) == 0


def test_evidence_of_several_branches_counts_together():
    half = least_evidence(1000, ANSWERS) / 2 + 0.1
    both = fuse([scored(TEXT, m1=half), scored(branch("words", None), m1=half)])
    assert above_floor(both, 1000).tolist() == [True]
    apart = fuse([scored(TEXT, m1=half), scored(branch(modality=Modality.SPEECH), m2=half)])
    assert not above_floor(apart, 1000).any()


def test_what_is_not_wanted_lifts_no_floor_but_may_weigh_more():
    against = branch("not", term="a husky", weight=-1.0)
    high = least_evidence(1000, ANSWERS) + 1
    ranking = fuse([scored(TEXT, m1=high, m2=high), scored(against, m1=high - 1, m2=high + 1)])
    assert ranking.ids[above_floor(ranking, 1000)].tolist() == [1]
