"""The recall of an index is the part of the true neighbours among its candidates."""

from __future__ import annotations

import numpy as np
import pytest

from engine.index.recall import RecallSample, _ranks, _recall

TRUTH = np.array([[3, 1], [4, 0]])
FOUND = np.array([[5, 3, 7, 1], [4, 6, 2, -1]])


@pytest.mark.parametrize(
    ("own", "candidates", "recall"),
    [
        ([-1, -1], 1, (0 + 1) / 4),
        ([-1, -1], 3, (1 + 1) / 4),
        ([-1, -1], 100, (2 + 1) / 4),  # what was not found is not, however many are looked at
        ([5, 2], 1, (1 + 1) / 4),  # the query itself is no candidate
        ([5, 8], 3, (2 + 1) / 4),
    ],
)
def test_it_counts_true_neighbours_among_the_first_others(own, candidates, recall):
    sample = RecallSample(np.zeros((2, 1), np.float32), TRUTH, np.array(own))
    assert _recall(_ranks(FOUND, sample), candidates) == recall


def test_of_no_neighbours_all_are_found():
    sample = RecallSample(np.zeros((2, 1), np.float32), TRUTH[:, :0], np.array([5, 4]))
    assert _recall(_ranks(FOUND, sample), 10) == 1
