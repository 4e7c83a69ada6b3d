"""The kind: the end of an array that a full disk does not take is an error, never silence."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from engine.common.npy import save_array
from engine.index import inverted_lists
from engine.index.exact import import_faiss
from engine.index.faiss_files import write_index


@contextmanager
def largest_file(nbytes: int) -> Iterator[None]:
    """No file can grow past so many bytes, as on a disk that is full by then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [100, 128, 1000, 4096, 8000, 10_127])
def test_an_array_is_written_whole_or_is_an_error(tmp_path: Path, room: int) -> None:
    array = np.arange(1250)
    save_array(tmp_path / "a.npy", array)
    assert np.array_equal(np.load(tmp_path / "a.npy"), array)
    assert (tmp_path / "a.npy").stat().st_size == 10_128
    with largest_file(room), pytest.raises(OSError, match="large"):
        save_array(tmp_path / "b.npy", array)
    with largest_file(room), pytest.raises(OSError, match="large"):  # noqa: SIM117
        with (tmp_path / "c.npy").open("wb") as stream:
            save_array(stream, array)


def test_an_index_is_written_whole_or_is_an_error(tmp_path: Path) -> None:
    faiss = import_faiss()
    rows = np.random.default_rng(1).standard_normal((64, 8)).astype(np.float32)
    index = faiss.index_factory(8, "IVF1,PQ4x4fs", faiss.METRIC_INNER_PRODUCT)
    index.train(rows)
    index.add(rows)
    write_index(index, tmp_path / "whole", faiss)
    for room in (10, 500, (tmp_path / "whole").stat().st_size - 1):
        with largest_file(room), pytest.raises(OSError, match="large"):
            write_index(index, tmp_path / "cut", faiss)
    for room in (10, 600):
        with largest_file(room), pytest.raises(OSError, match="large"):
            inverted_lists.save(index, tmp_path, faiss)
