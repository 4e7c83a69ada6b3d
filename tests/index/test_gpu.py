"""Which device builds and searches an index. There may be no GPU here: what is tested is
the choice, and the way through an index that a GPU would hold, played by one that a CPU
holds."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import UsageError
from engine.index import gpu
from engine.index.allowed import Allowed
from engine.index.exact import import_faiss
from engine.index.gpu import GpuSnapshot, count_gpus, select_device
from engine.testing.brute_force import NumpyIndex
from tests.index.on_disk import snapshot, unit_rows


@pytest.mark.parametrize(
    ("wanted", "gpus", "device"),
    [("auto", 0, "cpu"), ("auto", 2, "cuda"), ("cpu", 2, "cpu"), ("cuda", 1, "cuda")],
)
def test_the_device_that_is_taken(wanted, gpus, device):
    assert select_device(wanted, gpus) == device


@pytest.mark.parametrize(
    ("wanted", "line"), [("cuda", "no GPU here; install faiss-gpu"), ("tpu", "'tpu'")]
)
def test_a_device_that_cannot_be_had(wanted, line):
    with pytest.raises(UsageError, match=line):
        select_device(wanted, 0)


def test_gpus_are_counted():
    assert count_gpus(import_faiss()) >= 0
    assert count_gpus(object()) == 0


@pytest.fixture
def played(tmp_path, monkeypatch):
    """A snapshot opened for a GPU that is played, an oracle, and what the GPU was asked."""
    asked = []

    def flat(faiss, dim):
        index = faiss.IndexFlatIP(dim)
        search = index.search
        index.search = lambda *given: asked.append(given[1]) or search(*given)
        return index

    monkeypatch.setattr(gpu, "flat_index", flat)
    rows = unit_rows(np.random.default_rng(0), 3000, 16)
    snapshot(tmp_path / "s", np.arange(1, 3001), rows, "IVF8,PQ8x4fs", target=0.6)
    oracle = NumpyIndex(16)
    oracle.add(np.arange(1, 3001), rows)
    return GpuSnapshot(tmp_path / "s"), oracle, asked, rows


def test_a_gpu_finds_the_nearest_of_all(played):
    index, oracle, asked, rows = played
    for query in rows[:20]:
        assert index.search(query, 10)[0].tolist() == oracle.search(query, 10)[0].tolist()
    assert len(asked) == 20


def test_what_a_gpu_does_not_do_is_done_without(played, monkeypatch):
    index, oracle, asked, rows = played
    monkeypatch.setattr("engine.index.snapshot._SCANNED", 20)
    allowed = Allowed(np.arange(1, 600))
    ids, _ = index.search(rows[0], 10, allowed.rows(index.ids, "some"))
    assert np.isin(ids, oracle.search(rows[0], 10, allowed)[0]).mean() > 0.5
    assert len(index.search(rows[0], 2500)[0]) == 2500
    assert asked == []


def test_vectors_that_do_not_fit_are_searched_without(played, monkeypatch, caplog):
    index, oracle, _, rows = played

    def full(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(gpu, "flat_index", lambda faiss, dim: type("Full", (), {"add": full})())
    without = GpuSnapshot(index.folder)
    assert "does not fit a GPU" in caplog.text
    assert np.isin(without.search(rows[0], 10)[0], oracle.search(rows[0], 10)[0]).mean() > 0.5
