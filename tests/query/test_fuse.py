"""Fusing is pure: what branches say in, one ranking out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.query.fuse import RRF_K, Ranking, fuse
from engine.types import BranchScores, Fusion, Modality
from tests.query.scores import branch, scored

TEXT = branch()
SAID = branch(modality=Modality.SPEECH)
WORDS = branch("words", None)
NOT = branch("not", term="a husky", weight=-1.0)


def pairs(ranking: Ranking) -> list[tuple[int, float]]:
    return [(i, pytest.approx(s)) for i, s in zip(ranking.ids, ranking.scores, strict=True)]


def test_log_odds_add_up_across_branches():
    ranked = fuse([scored(TEXT, m1=3.0, m2=2.0), scored(WORDS, m2=1.5)])
    assert pairs(ranked) == [(2, 3.5), (1, 3.0)]


def test_weights_multiply_log_odds():
    ranked = fuse([scored(TEXT, m1=3.0), scored(branch(modality=Modality.SPEECH, weight=2), m2=2)])
    assert pairs(ranked) == [(2, 4.0), (1, 3.0)]


def test_what_is_not_wanted_counts_against_and_never_for():
    ranked = fuse([scored(TEXT, m1=3.0, m2=2.0), scored(NOT, m1=2.0, m2=-9.0)])
    assert pairs(ranked) == [(2, 2.0), (1, 1.0)]


@given(
    st.lists(st.dictionaries(st.integers(1, 20), st.floats(-5, 5), max_size=9), max_size=5),
    st.randoms(),
    st.sampled_from(Fusion),
)
def test_the_order_of_the_branches_does_not_matter(branches, random, fusion):
    said = [
        scored(branch(term=str(n)), **{f"m{i}": round(s, 3) for i, s in of.items()})
        for n, of in enumerate(branches)
    ]
    one, other = fuse(said, fusion), fuse(random.sample(said, len(said)), fusion)
    assert set(one.ids) == set(other.ids) == {i for of in branches for i in of}
    assert one.scores == pytest.approx(other.scores)
    assert sorted(one.scores, reverse=True) == pytest.approx(list(one.scores), abs=1e-3)


@pytest.mark.parametrize("fusion", Fusion)
def test_equal_scores_are_in_the_order_of_their_ids(fusion):
    two = [
        scored(branch(modality=Modality(m)), **{f"m{i}": 1.0})
        for m, i in zip(("image", "sound", "speech"), (5, 2, 9), strict=True)
    ]
    assert list(fuse(two, fusion).ids) == [2, 5, 9]


def test_nothing_fuses_to_nothing():
    assert len(fuse([])) == 0


def test_ranks_are_all_that_reciprocal_rank_fusion_knows():
    ranked = fuse([scored(TEXT, m1=90.0, m2=1.0), scored(SAID, m3=0.1)], Fusion.RRF)
    assert pairs(ranked) == [
        (1, 1 / (RRF_K + 1)), (3, 1 / (RRF_K + 1)), (2, 1 / (RRF_K + 2)),
    ]  # fmt: skip


def test_a_weighted_sum_stretches_raw_scores():
    ranked = fuse([scored(TEXT, m1=9.0, m2=5.0, m3=1.0), scored(SAID, m4=0.1)], Fusion.WEIGHTED)
    assert pairs(ranked) == [(1, 1.0), (4, 1.0), (2, 0.5), (3, 0.0)]


def test_the_greatest_counts_alone_and_what_is_not_wanted_against_it():
    said = [scored(TEXT, m1=3.0, m2=2.0), scored(WORDS, m1=1.0, m2=2.5), scored(NOT, m1=1.0)]
    assert pairs(fuse(said, Fusion.MAX)) == [(2, 2.5), (1, 2.0)]


def test_evidence_is_log_odds_whatever_the_fusion():
    for fusion in Fusion:
        ranked = fuse([scored(TEXT, m1=3.0), scored(WORDS, m1=1.5)], fusion)
        assert ranked.evidence == pytest.approx([4.5])


def test_scores_that_differ_by_rounding_are_equal():
    assert list(fuse([scored(TEXT, m1=3.0, m2=3.0 + 1e-6)]).ids) == [1, 2]
    assert list(fuse([scored(TEXT, m1=3.0, m2=3.001)]).ids) == [2, 1]


def test_a_part_of_a_ranking_keeps_its_order():
    ranked = fuse([scored(TEXT, m1=1.0, m2=3.0, m3=2.0)])
    assert list(ranked.where(np.array([True, False, True])).ids) == [2, 1]


def test_inputs_are_left_as_they_are():
    said: BranchScores = scored(TEXT, m1=1.0, m2=3.0)
    before = said.ids.copy(), said.raw.copy(), said.log_odds.copy()
    for fusion in Fusion:
        fuse([said], fusion)
    after = said.ids, said.raw, said.log_odds
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
