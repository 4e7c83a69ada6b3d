"""Rows become unit vectors of their own dtype; sequences come in parts."""

import numpy as np
import pytest

from engine.common.vectors import chunks, l2_normalize


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_get_unit_length_and_keep_their_dtype(dtype):
    rows = np.array([[3.0, 4.0], [0.0, 2.0]], dtype)
    unit = l2_normalize(rows)
    assert unit.dtype == dtype
    np.testing.assert_allclose(unit, [[0.6, 0.8], [0.0, 1.0]], rtol=1e-6)


def test_a_vector_without_a_direction_stays_zero():
    assert not l2_normalize(np.zeros((1, 3), np.float32)).any()
    assert not l2_normalize(np.zeros(3, np.float32)).any()


def test_chunks_cover_all_in_order():
    assert [list(part) for part in chunks(range(5), 2)] == [[0, 1], [2, 3], [4]]
    assert [part.tolist() for part in chunks(np.arange(3), 2)] == [[0, 1], [2]]
    assert list(chunks([], 2)) == []
