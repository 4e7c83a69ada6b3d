"""Moments that belong together are one hit, and the others are counted."""

from __future__ import annotations

import numpy as np
import pytest

from engine.query.group import group_moments
from engine.types import Group, Modality, MomentRecord
from tests.query.scores import record


def shown(
    records: list[MomentRecord], group: Group = Group.SHOT, top: int = 99, page: int = 2, **alike
) -> list[tuple[int, int]]:
    """Ids that lead, with how many follow; ``m1=(1, 0)`` is what moment 1 is like."""
    vectors = {int(k[1:]): np.array(v, np.float32) / np.linalg.norm(v) for k, v in alike.items()}

    def likeness(some):
        return {r.moment_id: vectors[r.moment_id] for r in some if r.moment_id in vectors}

    found = group_moments(
        [records[i : i + page] for i in range(0, len(records), page)], group, top, likeness
    )
    return [(one.record.moment_id, one.more) for one in found]


def test_neighbouring_windows_of_one_sound_are_one_hit():
    windows = [record(i, 1, Modality.SOUND, 10.0 * i, 10.0 * i + 10) for i in (3, 4, 5, 9)]
    assert shown(windows) == [(3, 2), (9, 0)]


def test_shots_side_by_side_are_two_hits_and_keyframes_of_one_shot_are_one():
    keyframes = [
        record(1, 1, Modality.KEYFRAME, 0.0, 4.0),
        record(2, 1, Modality.KEYFRAME, 4.0, 9.0),
        record(3, 1, Modality.KEYFRAME, 0.0, 4.0),
    ]
    assert shown(keyframes) == [(1, 1), (2, 0)]


def test_sentences_side_by_side_are_two_hits():
    said = [record(i, 1, Modality.SPEECH, 2.0 * i, 2.0 * i + 2) for i in (1, 2)]
    assert shown(said) == [(1, 0), (2, 0)]


def test_the_frames_of_one_picture_are_one_hit_and_other_assets_stay():
    assert shown([record(1), record(2), record(3, 2)]) == [(1, 1), (3, 0)]


def test_what_is_to_be_read_in_a_picture_is_the_same_place():
    text = record(2, 1, Modality.SCREEN)
    assert shown([record(1), text, record(3, 2, Modality.SCREEN)]) == [(1, 1), (3, 0)]
    shot = record(4, 3, Modality.KEYFRAME, 0, 4), record(5, 3, Modality.SCREEN, 0, 8)
    assert shown([*shot]) == [(4, 1)]


def test_what_is_heard_and_what_is_seen_are_two():
    both = [record(1, 1, Modality.KEYFRAME, 0, 9), record(2, 1, Modality.SOUND, 0, 9)]
    assert shown(both) == [(1, 0), (2, 0)]


def test_one_hit_a_file():
    moments = [
        record(1, 1, Modality.SOUND, 0, 9),
        record(2, 2),
        record(3, 1, Modality.SPEECH, 0, 1),
    ]
    assert shown(moments, Group.ASSET) == [(1, 1), (2, 0)]


def test_what_is_as_good_as_the_same_anywhere_is_one_hit():
    moments = [record(i, i) for i in (1, 2, 3, 4)]
    alike = {"m1": (1, 0), "m2": (0, 1), "m3": (1, 0.01), "m4": (1, 0.6)}
    assert shown(moments, Group.ALIKE, **alike) == [(1, 1), (2, 0), (4, 0)]


def test_sounds_must_be_nearer_to_be_the_same_than_pictures():
    near = {"m1": (1, 0), "m2": (0.95, 0.312)}
    assert shown([record(1, 1), record(2, 2)], Group.ALIKE, **near) == [(1, 1)]
    sounds = [record(i, i, Modality.SOUND, 0, 1) for i in (1, 2)]
    assert shown(sounds, Group.ALIKE, **near) == [(1, 0), (2, 0)]


def test_what_has_no_likeness_is_alone():
    assert shown([record(1, 1), record(2, 2)], Group.ALIKE) == [(1, 0), (2, 0)]


def test_modalities_are_not_alike():
    seen, heard = record(1, 1), record(2, 2, Modality.SOUND, 0, 1)
    assert shown([seen, heard], Group.ALIKE, m1=(1, 0), m2=(1, 0)) == [(1, 0), (2, 0)]


def test_every_moment_for_itself():
    assert shown([record(1), record(2)], Group.NONE) == [(1, 0), (2, 0)]


@pytest.mark.parametrize("group", Group)
def test_no_more_groups_than_were_asked_for_and_what_follows_is_counted(group):
    records = [record(1, 1), record(2, 2), record(3, 3), record(4, 1)]
    counted = 0 if group is Group.NONE else 1
    assert shown(records, group, top=2) == [(1, counted), (2, 0)]


def test_pages_are_not_read_past_the_last_hit_where_nothing_is_counted():
    def read():
        yield [record(1, 1)]
        raise AssertionError("one page was enough")

    assert group_moments(read(), Group.NONE, 1, lambda _: {})[0].record.moment_id == 1


def test_those_that_follow_are_known_by_number_as_far_as_anyone_looks():
    frames = [record(number) for number in range(1, 80)]
    (found,) = group_moments([frames], Group.SHOT, 9, lambda _: {})
    assert (found.more, found.others) == (78, list(range(2, 52)))
