"""Clips that share sound are grouped as one recording."""

import numpy as np

from engine.encoders.recordings import recordings_of


def test_clips_that_share_a_window_are_one_recording():
    features = np.eye(6, dtype=np.float32)[[0, 1, 2, 1, 3, 2, 4]]
    clips = np.array([0, 0, 1, 2, 3, 4, 5])
    assert recordings_of(features, clips).tolist() == [0, 0, 1, 0, 3, 1, 5]


def test_a_clip_that_joins_two_recordings_makes_them_one():
    features = np.eye(3, dtype=np.float32)[[0, 1, 0, 1, 2]]
    assert recordings_of(features, np.array([0, 1, 2, 2, 3])).tolist() == [0, 0, 0, 0, 3]
