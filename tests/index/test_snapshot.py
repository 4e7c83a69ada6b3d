"""An index on disk: what was built opens, finds enough, and says what it is."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from engine.errors import LibraryCorrupt
from engine.index.allowed import Allowed
from engine.index.build import SnapshotWriter
from engine.index.snapshot import Snapshot
from engine.testing.brute_force import NumpyIndex
from tests.index.on_disk import snapshot, unit_rows

pytestmark = pytest.mark.slow

DIM = 32
IDS = np.arange(1, 3001)
KEYS = ["SQfp16", "IVF1,PQ16x4fs", "IVF8,PQ16x4fs", "IVF8,RaBitQfs"]


def clustered(count: int, seed: int = 0) -> np.ndarray:
    """Vectors around forty centres, as those of real things are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((40, DIM))
    rows = centres[rng.integers(0, 40, count)] + 0.6 * rng.standard_normal((count, DIM))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float16).astype(np.float32)


@pytest.fixture(scope="module")
def rows():
    return clustered(3000)


@pytest.fixture(scope="module")
def oracle(rows):
    index = NumpyIndex(DIM)
    index.add(np.arange(1, 3001), rows)
    return index


@pytest.fixture(scope="module")
def built(tmp_path_factory, rows):
    """Build a snapshot of all rows once for the tests that only read it."""

    @cache
    def of(key: str, target: float) -> Snapshot:
        return snapshot(tmp_path_factory.mktemp("s") / "s", IDS, rows, key, target=target)

    return of


def recall(found: Snapshot, oracle: NumpyIndex, queries, allowed=None) -> float:
    parts = []
    rows = None if allowed is None else allowed.rows(found.ids, "these")
    for query in queries:
        truth = oracle.search(query, 10, allowed)[0]
        ids, scores = found.search(query, 10, rows)
        np.testing.assert_allclose(scores, oracle.vectors(ids) @ query, atol=1e-3)
        assert len(ids) == len(truth)
        parts.append(np.isin(truth, ids).mean() if len(truth) else 1.0)
    return float(np.mean(parts))


@pytest.mark.parametrize("key", KEYS)
def test_what_was_built_is_opened_and_finds_enough(built, oracle, key):
    made = built(key, 0.95)
    assert (made.about.key, made.about.missed, len(made)) == (key, (), 3000)
    assert recall(made, oracle, clustered(50, seed=1)) >= 0.9
    assert made.about.tuning.recall["stored"] >= 0.95


@pytest.mark.parametrize("key", KEYS[1:])
@pytest.mark.parametrize("share", [0.9, 0.5, 0.2, 0.01, 0.0])
def test_a_filter_costs_no_hit(built, oracle, key, share, monkeypatch):
    made = built(key, 0.95)
    monkeypatch.setattr("engine.index.snapshot._SCANNED", 20)
    ids = np.flatnonzero(np.random.default_rng(2).random(3001) < share)
    allowed = Allowed(ids[ids > 0])
    assert recall(made, oracle, clustered(30, seed=3), allowed) >= 0.9


@pytest.mark.parametrize("key", KEYS)
def test_as_many_hits_as_exist_however_many_are_asked(built, rows, key):
    made = built(key, 0.6)
    for top in (1, 100, 2999, 5000):
        ids, scores = made.search(rows[0], top)
        assert len(ids) == len(set(ids.tolist())) == min(top, 3000)
        assert (np.diff(scores) <= 0).all()


def test_texts_far_from_the_vectors_are_tuned_for(tmp_path, rows):
    """The same vectors, once with queries from elsewhere: more has to be looked at."""
    gap = np.full((60, DIM), 0.6) + clustered(60, seed=5)
    texts = (gap / np.linalg.norm(gap, axis=1, keepdims=True)).astype(np.float32)
    ids = np.arange(1, 3001)
    near = snapshot(tmp_path / "a", ids, rows, "IVF8,PQ4x4fs", target=0.9).about.tuning
    far = snapshot(tmp_path / "b", ids, rows, "IVF8,PQ4x4fs", target=0.9, texts=texts).about.tuning
    assert set(near.recall) == {"stored"}
    assert far.recall["text"] >= 0.9
    assert (far.lists, far.candidates) != (near.lists, near.candidates)


def test_a_build_that_misses_its_target_says_so_and_falls_back(tmp_path, rows, monkeypatch):
    monkeypatch.setattr("engine.index.recall._CANDIDATES", (10,))
    made = snapshot(tmp_path / "s", np.arange(1, 3001), rows, "IVF8,PQ2x4fs", target=0.99)
    assert made.about.key == "SQfp16"
    (line,) = made.about.missed
    assert line.startswith("IVF8,PQ2x4fs: stored 0.")
    assert made.search(rows[7], 1)[0].tolist() == [8]


def test_growing_keeps_the_lists_until_they_are_outgrown(tmp_path, rows):
    first = snapshot(tmp_path / "1", np.arange(1, 1501), rows[:1500], "IVF8,PQ16x4fs", target=0.9)
    ids = np.arange(1501, 2001)
    grown = snapshot(tmp_path / "2", ids, rows[1500:2000], base=first, target=0.9)
    assert (grown.about.key, grown.about.trained_on, len(grown)) == ("IVF8,PQ16x4fs", 1500, 2000)
    assert grown.search(rows[1999], 1)[0].tolist() == [2000]
    assert grown.search(rows[3], 1)[0].tolist() == [4]
    anew = snapshot(
        tmp_path / "3", np.arange(2001, 3001), rows[2000:], "IVF4,PQ16x4fs", base=grown, target=0.9
    )
    again = snapshot(
        tmp_path / "4", np.arange(3001, 3501), clustered(500, 8), "IVF4,PQ16x4fs",
        base=anew, target=0.9,
    )  # fmt: skip
    assert (anew.about.key, anew.about.trained_on) == ("IVF8,PQ16x4fs", 1500)
    assert (again.about.key, again.about.trained_on, len(again)) == ("IVF4,PQ16x4fs", 3500, 3500)


def test_recall_that_drifts_trains_again(tmp_path, rows):
    """The new vectors lie where no list was trained."""
    first = snapshot(tmp_path / "1", np.arange(1, 1501), rows[:1500], "IVF8,PQ4x4fs", target=0.9)
    elsewhere = unit_rows(np.random.default_rng(7), 1400, DIM)
    grown = snapshot(
        tmp_path / "2", np.arange(1501, 2901), elsewhere, "IVF2,PQ16x4fs", base=first, target=0.999
    )
    assert grown.about.trained_on == 2900
    assert grown.about.missed[0].startswith("IVF8,PQ4x4fs: stored")


def test_rows_come_to_lie_by_ascending_id(tmp_path, rows):
    copy = SnapshotWriter(tmp_path / "s")
    copy.append(np.array([5, 9]), rows[:2])
    copy.append(np.array([2, 7]), rows[2:4])
    copy.finish()
    assert np.fromfile(tmp_path / "s" / "ids.i64", np.int64).tolist() == [2, 5, 7, 9]
    kept = np.fromfile(tmp_path / "s" / "vectors.f16", np.float16).reshape(4, DIM)
    np.testing.assert_array_equal(kept, rows[[2, 0, 3, 1]].astype(np.float16))
    assert sorted(f.name for f in (tmp_path / "s").iterdir()) == ["ids.i64", "vectors.f16"]


@pytest.mark.parametrize("name", ["ids.i64", "vectors.f16", "index.faiss", "snapshot.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_one_does_not_open(tmp_path, rows, name, damage):
    snapshot(tmp_path / "s", np.arange(1, 101), rows[:100])
    file = tmp_path / "s" / name
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(LibraryCorrupt, match="cannot be read"):
        Snapshot(tmp_path / "s")


def test_the_manifest_says_how_it_was_made(built):
    said = json.loads((built("IVF8,PQ16x4fs", 0.95).folder / "snapshot.json").read_text())
    assert (said["key"], said["count"], said["target_recall"]) == ("IVF8,PQ16x4fs", 3000, 0.95)
    assert said["tuning"]["recall"]["stored"] >= 0.95
    assert said["seconds"] > 0


def test_searches_beside_each_other_do_not_meddle(built, rows):
    """Parameters are the query's own: a wide search changes no narrow one."""
    from concurrent.futures import ThreadPoolExecutor

    made = built("IVF8,PQ16x4fs", 0.95)
    alone = [made.search(rows[i], 10)[0].tolist() for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        wide = [pool.submit(made.search, rows[0], 2000) for _ in range(20)]
        beside = list(pool.map(lambda i: made.search(rows[i], 10)[0].tolist(), range(40)))
        assert all(len(one.result()[0]) == 2000 for one in wide)
    assert beside == alone
