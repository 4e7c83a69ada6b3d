"""`then`: moments of one asset in order."""

from __future__ import annotations

import pytest

from engine.query.fuse import fuse
from engine.query.sequence import join_stages
from engine.types import Modality
from tests.query.scores import branch, record, scored

FIRST, SECOND, THIRD = (branch(term=str(n), stage=n) for n in range(3))
RECORDS = {
    r.moment_id: r
    for r in (
        record(1, 1, Modality.SPEECH, 0, 4),
        record(2, 1, Modality.KEYFRAME, 2, 9),
        record(3, 1, Modality.SPEECH, 30, 33),
        record(4, 2, Modality.KEYFRAME, 50, 60),
        record(5, 3, Modality.IMAGE),
        record(6, 1, Modality.KEYFRAME, 200, 210),
        record(7, 1, Modality.IMAGE),
    )
}


def found(*said, within: float = 60.0):
    made = join_stages([fuse([one]) for one in said], RECORDS, within)
    return [(pytest.approx(chain.score), [r.moment_id for r in chain.records]) for chain in made]


def test_moments_of_one_asset_are_joined_in_order():
    said = scored(FIRST, m1=3.0, m3=5.0), scored(SECOND, m2=4.0, m4=9.0)
    assert found(*said) == [(7.0, [1, 2])]


def test_the_best_beginning_counts_and_not_the_nearest():
    said = scored(FIRST, m1=3.0, m2=1.0), scored(SECOND, m3=4.0)
    assert found(*said) == [(7.0, [1, 3])]


def test_no_more_may_lie_between_than_was_asked():
    said = scored(FIRST, m1=3.0), scored(SECOND, m3=4.0, m6=9.0)
    assert found(*said) == [(7.0, [1, 3])]
    assert found(*said, within=300) == [(12.0, [1, 6]), (7.0, [1, 3])]
    assert found(*said, within=10) == []


def test_what_lies_between_is_counted_from_the_end_of_the_first():
    said = scored(FIRST, m2=1.0), scored(SECOND, m3=1.0)
    assert found(*said, within=21) == [(2.0, [2, 3])]
    assert found(*said, within=20.9) == []


def test_nothing_follows_what_has_no_time():
    assert found(scored(FIRST, m7=1.0), scored(SECOND, m2=1.0)) == []


def test_three_stages():
    said = scored(FIRST, m1=1.0), scored(SECOND, m2=1.0, m3=2.0), scored(THIRD, m3=5.0)
    assert found(*said) == [(7.0, [1, 2, 3])]


def test_a_moment_does_not_follow_itself_and_pictures_follow_nothing():
    said = scored(FIRST, m1=3.0, m5=9.0), scored(SECOND, m1=4.0, m5=9.0)
    assert found(*said) == []
