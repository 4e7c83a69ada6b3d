"""Fusing is pure: candidates in, one ranking out."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.query.fuse import fuse, one_per_place
from engine.types import Branch, Candidate, Kind, Modality, Moment, MomentRecord

TEXT = Branch("text", "words", Modality.IMAGE, "a dog")
WORDS = Branch("words", term="a dog")
NOT = Branch("not", "words", Modality.IMAGE, "a husky", weight=-1.0)


def candidate(moment: int, log_odds: float, branch: Branch = TEXT) -> Candidate:
    return Candidate(moment, branch, raw=0.0, log_odds=log_odds)


def test_log_odds_add_up_across_branches():
    ranked = fuse([candidate(1, 3.0), candidate(2, 2.0), candidate(2, 1.5, WORDS)])
    assert [(f.moment_id, f.score) for f in ranked] == [(2, 3.5), (1, 3.0)]


def test_what_is_not_wanted_counts_against_and_never_for():
    ranked = fuse(
        [candidate(1, 3.0), candidate(1, 2.0, NOT), candidate(2, 2.0), candidate(2, -9.0, NOT)]
    )
    assert [(f.moment_id, f.score) for f in ranked] == [(2, 2.0), (1, 1.0)]


@given(st.lists(st.tuples(st.integers(1, 20), st.floats(-5, 5)), max_size=60), st.randoms())
def test_the_order_of_the_candidates_does_not_matter(pairs, random):
    candidates = [candidate(moment, round(score, 3)) for moment, score in pairs]
    shuffled = random.sample(candidates, len(candidates))
    one, other = fuse(candidates), fuse(shuffled)
    assert {f.moment_id for f in one} == {f.moment_id for f in other}
    assert [f.score for f in one] == pytest.approx([f.score for f in other])


def test_equal_scores_are_in_the_order_of_their_ids():
    assert [f.moment_id for f in fuse([candidate(m, 1.0) for m in (5, 2, 9)])] == [2, 5, 9]


def record(moment_id: int, asset: int, modality: Modality, start=None, end=None) -> MomentRecord:
    moment = Moment(modality, start, end)
    return MomentRecord(moment_id, asset, f"/{asset}", Kind.VIDEO, moment)


def shown(records: list[MomentRecord]) -> list[int]:
    """Ids that are kept, when they rank in the order given."""
    ranked = fuse([candidate(r.moment_id, 100.0 - i) for i, r in enumerate(records)])
    return [f.moment_id for f, _ in one_per_place(zip(ranked, records, strict=True))]


def test_neighbouring_windows_of_one_sound_are_one_hit():
    windows = [record(i, 1, Modality.SOUND, 10.0 * i, 10.0 * i + 10) for i in (3, 4, 5, 9)]
    assert shown(windows) == [3, 9]


def test_shots_side_by_side_are_two_hits_and_keyframes_of_one_shot_are_one():
    keyframes = [
        record(1, 1, Modality.KEYFRAME, 0.0, 4.0),
        record(2, 1, Modality.KEYFRAME, 4.0, 9.0),
        record(3, 1, Modality.KEYFRAME, 0.0, 4.0),
    ]
    assert shown(keyframes) == [1, 2]


def test_sentences_side_by_side_are_two_hits():
    said = [record(i, 1, Modality.SPEECH, 2.0 * i, 2.0 * i + 2) for i in (1, 2)]
    assert shown(said) == [1, 2]


def test_the_frames_of_one_picture_are_one_hit_and_other_assets_stay():
    frames = [record(1, 1, Modality.IMAGE), record(2, 1, Modality.IMAGE)]
    assert shown([*frames, record(3, 2, Modality.IMAGE)]) == [1, 3]


def test_no_more_records_are_looked_up_than_are_shown():
    records = [record(i, i, Modality.IMAGE) for i in range(1, 8)]
    ranked = iter(zip(fuse(candidate(r.moment_id, 1.0) for r in records), records, strict=True))
    assert [f.moment_id for f, _ in islice(one_per_place(ranked), 3)] == [1, 2, 3]
    assert next(ranked)[0].moment_id == 4
