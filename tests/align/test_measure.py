"""How well pairs find each other, and what is held out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.align.measure import HeldOutPairs, gain, measure, split, thinned
from engine.align.pairs import checked
from engine.errors import UsageError


def pairs(scores: list[list[float]], answers: list[int]) -> tuple[np.ndarray, HeldOutPairs]:
    """Sounds whose scores with each of some targets are set."""
    targets = np.eye(len(scores[0]), dtype=np.float32)
    of = np.array(answers)
    rows = np.array(scores, np.float32)
    return rows, HeldOutPairs(rows, rows, targets[of], of, np.arange(len(of)))


def test_ranks_count_what_is_wrong_above_and_half_of_what_is_level():
    placed, made = pairs([[9, 1, 1], [5, 4, 4], [7, 8, 0]], [0, 1, 2])
    found = measure(placed, made)
    assert found.by_sound.mrr == pytest.approx((1 + 1 / 2.5 + 1 / 3) / 3)
    assert (found.by_sound.recall_1, found.by_sound.recall_10) == (pytest.approx(1 / 3), 1)
    assert found.for_sound.mrr == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert (found.by_sound.median, found.by_sound.among, found.for_sound.queries) == (2.5, 3, 3)


def test_a_target_of_several_sounds_is_found_by_the_first_of_them():
    placed, made = pairs([[1, 5], [9, 0], [2, 4]], [0, 0, 1])
    found = measure(placed, made)
    assert (found.by_sound.queries, found.by_sound.among) == (3, 2)
    assert (found.for_sound.queries, found.for_sound.among) == (2, 3)
    assert found.for_sound.mrr == pytest.approx((1 + 1 / 2) / 2)


def test_a_gain_is_that_of_files_with_its_error():
    before, made = pairs([[1, 5, 0], [1, 5, 0], [5, 1, 0], [0, 0, 1]], [0, 0, 1, 2])
    after = np.array([[5, 1, 0], [5, 1, 0], [5, 1, 0], [0, 0, 1]], np.float32)
    of_files = dataclasses.replace(made, files=np.array([7, 7, 8, 9]))
    mean, error = gain(before, after, of_files)
    assert mean == pytest.approx(np.mean([0.5, 0, 0]))
    assert error == pytest.approx(np.std([0.5, 0, 0], ddof=1) / 3**0.5)


def random_pairs(files: np.ndarray) -> HeldOutPairs:
    rows = np.random.default_rng(0).standard_normal((len(files), 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return HeldOutPairs(rows, rows, rows, np.arange(len(files)), files)


def test_no_file_is_on_both_sides_of_a_split():
    made = random_pairs(np.repeat(np.arange(20), 5))
    known, held = split(made, 0)
    assert not set(known.files) & set(held.files)
    assert (len(known), len(held)) == (80, 20)
    assert set(split(made, 1)[1].files) != set(held.files)
    assert set(split(made, 0)[1].files) == set(held.files)
    assert len(thinned(made, 30, 0)) == 30


def test_copies_of_a_recording_are_one_file():
    made = random_pairs(np.repeat(np.arange(20), 5))
    made.features[95:] = made.features[:5]
    assert len(set(checked(made).files)) == 19


def test_too_few_pairs_are_one_clear_line():
    for files in (np.arange(39), np.repeat(np.arange(9), 9), np.arange(0)):
        with pytest.raises(
            UsageError, match=r"too few pairs to learn from: .* at least 40 pairs from 10 files"
        ):
            checked(random_pairs(files))
