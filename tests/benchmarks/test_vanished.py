"""Files that vanish in bulk and come back cost no vector and no moment."""

from __future__ import annotations

from benchmarks.vanished import run_steps


def test_no_vector_is_computed_twice(tmp_path):
    steps = run_steps(tmp_path, 30)
    assert steps.refused
    assert (steps.moments, steps.hidden, steps.back) == (30, 0, 30)
    assert steps.twice == steps.problems == 0
