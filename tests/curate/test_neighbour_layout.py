"""Points on a plane, those that are alike near each other."""

from __future__ import annotations

import numpy as np
import pytest

from engine.curate.neighbour_layout import neighbour_layout


def blobs(groups: int, each: int, dim: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Groups of vectors around directions of their own, and the group of each."""
    rng = np.random.default_rng(1)
    of = np.arange(groups * each) % groups
    centres = 3 * rng.standard_normal((groups, dim))
    return (centres[of] + rng.standard_normal((len(of), dim))).astype(np.float32), of


def test_neighbours_stay_together():
    vectors, of = blobs(groups=12, each=30)
    points = neighbour_layout(vectors)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1)[:, :10]
    assert (of[nearest] == of[:, None]).mean() > 0.95


def test_a_few_that_are_like_nothing_else_leave_the_others_room():
    vectors, _ = blobs(groups=8, each=40)
    odd = np.zeros((6, 64), np.float32)
    odd[:, 0] = 40
    points = neighbour_layout(np.concatenate([vectors, odd]))
    width = np.ptp(points, axis=0)
    assert (np.ptp(points[:-6], axis=0) > 0.5 * width).all()


def test_it_is_the_same_each_time():
    vectors, _ = blobs(groups=3, each=20)
    assert np.array_equal(neighbour_layout(vectors), neighbour_layout(vectors))


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16])
def test_few_and_equal_points_have_places(count):
    assert neighbour_layout(np.ones((count, 8), np.float32)).shape == (count, 2)
    assert np.isfinite(neighbour_layout(np.ones((count, 8), np.float32))).all()
