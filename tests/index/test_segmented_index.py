"""A live index says how it is searched."""

from __future__ import annotations

import numpy as np
import pytest

from engine.index.allowed import Allowed
from engine.index.segmented_index import SegmentedIndex
from engine.types import Placement
from tests.index.on_disk import snapshot, unit_rows

DIM, COUNT = 16, 200


@pytest.fixture(scope="module")
def rows():
    return unit_rows(np.random.default_rng(0), COUNT, DIM)


def live(folder, rows, key: str) -> SegmentedIndex:
    return SegmentedIndex(DIM, snapshot(folder / "made", np.arange(COUNT), rows, key, target=0.5))


def allowed(count: int) -> Allowed:
    return Allowed(np.arange(count))


def test_what_lies_in_memory_alone_is_exact_and_filtered_inside(rows):
    index = SegmentedIndex(DIM)
    index.add(np.arange(COUNT), rows)
    assert index.exact
    assert index.placement(allowed(1), 10) is Placement.INSIDE


@pytest.mark.parametrize(("key", "exact"), [("SQfp16", True), ("IVF2,PQ8x4fs", False)])
def test_a_snapshot_is_exact_where_it_scores_every_vector(tmp_path, rows, key, exact):
    assert live(tmp_path, rows, key).exact is exact


@pytest.mark.parametrize(
    ("passing", "top", "placement"),
    [
        (50, 10, Placement.BEFORE),
        (51, 10, Placement.INSIDE),
        (51, 51, Placement.BEFORE),
        (99, 10, Placement.INSIDE),
        (100, 10, Placement.AFTER),
        (200, 10, Placement.AFTER),
        (0, 10, Placement.BEFORE),
    ],
)
def test_where_a_filter_is_applied_depends_on_what_it_keeps(
    tmp_path, rows, monkeypatch, passing, top, placement
):
    monkeypatch.setattr("engine.index.snapshot._SCANNED", 50)
    index = live(tmp_path, rows, "SQfp16")
    assert index.placement(allowed(passing), top) is placement


def test_rows_that_have_died_pass_no_filter(tmp_path, rows, monkeypatch):
    monkeypatch.setattr("engine.index.snapshot._SCANNED", 50)
    index = live(tmp_path, rows, "SQfp16")
    index.remove(np.arange(10))
    assert index.placement(allowed(60), 10) is Placement.BEFORE
    assert index.placement(allowed(61), 10) is Placement.INSIDE
