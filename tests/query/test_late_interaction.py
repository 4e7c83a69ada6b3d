"""The moments of an asset answer the parts of a query between them."""

from __future__ import annotations

import pytest

from engine.query.late_interaction import rank_assets, score_assets
from engine.types import Modality
from tests.query.scores import branch, scored

DOG = branch(term="a dog")
SEA = branch(term="the sea")
HEARD = branch(modality=Modality.SOUND, term="the sea")
NOT = branch("not", term="night", weight=-1.0)
ASSETS = {1: 10, 2: 10, 3: 20, 4: 20}


def found(*said):
    return [
        (one.asset_id, pytest.approx(one.score), {p.value: m for p, m in one.moments})
        for one in score_assets(said, ASSETS)
    ]


def test_each_part_counts_by_its_best_moment():
    dog, sea = scored(DOG, m1=5.0, m2=1.0, m3=6.0, m4=0.5), scored(SEA, m1=0.0, m2=4.0, m3=1.0)
    assert found(dog, sea) == [
        (10, 9.0, {"a dog": 1, "the sea": 2}),
        (20, 7.0, {"a dog": 3, "the sea": 3}),
    ]


def test_the_branches_of_one_part_add_up_at_a_moment():
    words = branch("words", None, term="the sea")
    assert found(scored(HEARD, m1=2.0, m2=3.0), scored(words, m1=2.5)) == [
        (10, 4.5, {"the sea": 1})
    ]


def test_what_is_not_wanted_counts_by_the_moment_that_is_most_like_it():
    said = scored(DOG, m1=5.0, m3=4.0), scored(NOT, m1=-3.0, m2=2.0, m3=0.5)
    assert found(*said) == [(20, 3.5, {"a dog": 3}), (10, 3.0, {"a dog": 1})]


def test_moments_that_have_died_are_left_out():
    assert found(scored(DOG, m1=1.0, m99=9.0)) == [(10, 1.0, {"a dog": 1})]


def test_an_asset_that_only_what_is_not_wanted_knows_is_no_answer():
    assert found(scored(DOG, m1=5.0), scored(NOT, m3=2.0)) == [(10, 5.0, {"a dog": 1})]


def test_an_asset_is_shown_by_its_best_moment():
    said = [scored(DOG, m1=5.0, m3=6.0), scored(SEA, m2=7.0)]
    ranking = rank_assets(score_assets(said, ASSETS), said)
    assert list(ranking.ids) == [2, 3]
    assert ranking.scores == pytest.approx([12.0, 6.0])
