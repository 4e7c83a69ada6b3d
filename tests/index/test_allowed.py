"""A filter is prepared once, and says the same however it is looked up."""

from __future__ import annotations

import numpy as np
import pytest

from engine.index.allowed import Allowed, RowMask

IDS = np.arange(10, 1010, 2)


@pytest.mark.parametrize("count", [0, 1, 7, 400, 1000])
def test_the_rows_are_those_whose_ids_pass(count):
    """A few are looked up one by one, many in one pass; both must agree."""
    wanted = np.random.default_rng(count).choice(2000, count, replace=False)
    rows = Allowed(wanted).rows(IDS, "a")
    expected = np.isin(IDS, wanted)
    np.testing.assert_array_equal(rows.mask, expected)
    np.testing.assert_array_equal(rows.places, np.flatnonzero(expected))
    assert rows.count == expected.sum()
    assert rows.share == pytest.approx(expected.mean())


def test_bits_are_as_faiss_reads_them():
    mask = np.zeros(20, np.bool_)
    mask[[0, 3, 9, 19]] = True
    bits = RowMask(20, mask=mask).bits
    assert [i for i in range(20) if bits[i >> 3] >> (i & 7) & 1] == [0, 3, 9, 19]


@pytest.mark.parametrize("given", ["places", "mask"])
def test_rows_less_the_dead(given):
    mask = np.array([True, True, False, True])
    places = np.flatnonzero(mask)
    rows = RowMask(4, places=places) if given == "places" else RowMask(4, mask=mask)
    assert rows.without(np.array([False, True, True, False])).places.tolist() == [0, 3]


def test_ids_that_are_not_there_or_beyond_all_pass_nothing():
    allowed = Allowed(np.array([5, 3, 3]))
    assert allowed.mask(np.array([-1, 3, 4, 5, 6, 10**9])).tolist() == [0, 1, 0, 1, 0, 0]
    assert len(allowed) == 2
    assert Allowed(np.zeros(0, np.int64)).mask(np.array([1])).tolist() == [False]


def test_what_was_prepared_is_kept_by_the_name_of_the_ids():
    allowed = Allowed(np.array([10, 12]))
    assert allowed.rows(IDS, "a") is allowed.rows(IDS, "a")
    assert allowed.rows(IDS[::-1][:3][::-1], "b").count == 0
    for name in range(40):
        allowed.rows(IDS, name)
    assert len(allowed._rows) <= 16
