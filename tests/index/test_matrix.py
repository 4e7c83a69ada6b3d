"""Rows of vectors that are read in blocks, and who they belong to."""

from __future__ import annotations

import errno
import tempfile

import numpy as np
import pytest

from engine.index import matrix
from tests.mounts import small_disk


def test_many_vectors_lie_in_a_file(monkeypatch):
    monkeypatch.setattr(matrix, "_IN_MEMORY", 10)
    rows = matrix.half_rows(5, 4)
    rows[:] = 1
    assert rows.shape == (5, 4) and rows.base is not None and float(rows.sum()) == 20


def test_a_full_disk_is_an_error_before_a_page_is_written(tmp_path, monkeypatch):
    """Later, a page that the disk has no room for would be a signal."""
    monkeypatch.setattr(matrix, "_IN_MEMORY", 0)
    with small_disk(tmp_path / "full", "64k") as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(OSError) as error:
            matrix.half_rows(2**16, 4)
    assert error.value.errno == errno.ENOSPC


def test_rows_are_read_as_float32_in_blocks():
    kept = np.arange(12, dtype=np.float16).reshape(6, 2)
    ids = np.arange(6)
    vectors = matrix.MomentVectors(ids, ids + 10, kept)
    blocks = list(vectors.blocks(4))
    assert [first for first, _ in blocks] == [0, 4]
    assert all(rows.dtype == np.float32 for _, rows in blocks)
    np.testing.assert_array_equal(np.concatenate([rows for _, rows in blocks]), kept)
    np.testing.assert_array_equal(vectors.rows(np.array([5, 0])), kept[[5, 0]])


def test_moments_of_no_row_have_no_place():
    owners = matrix.RowOwners(np.array([2, 5, 9]), np.array([0, 0, 1]))
    assert owners.of_moments(np.array([9, 1, 5, 12])).tolist() == [1, -1, 0, -1]
    assert matrix.RowOwners.none().of_moments(np.array([1])).tolist() == [-1]
