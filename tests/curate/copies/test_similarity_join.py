"""All near pairs, by lists and without, compared with every product there is."""

from __future__ import annotations

import numpy as np
import pytest

from engine.curate.copies import similarity_join
from engine.index.matrix import MomentVectors, gather_moments
from engine.types import Modality


def clustered(count: int, dim: int = 128, seed: int = 0) -> np.ndarray:
    """Vectors as libraries have them: themes, and near copies of a tenth."""
    rng = np.random.default_rng(seed)
    themes = rng.standard_normal((40, dim))
    rows = themes[rng.integers(0, 40, count)] + 0.8 * rng.standard_normal((count, dim))
    copies = rng.integers(0, count, count // 10)
    noise = rng.uniform(0.05, 0.6, (len(copies), 1)) * rng.standard_normal((len(copies), dim))
    rows[rng.permutation(count)[: len(copies)]] = rows[copies] + noise
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def rows_of(vectors):
    ids = np.arange(1, len(vectors) + 1)
    return MomentVectors(ids, ids, vectors.astype(np.float16, copy=False))


def truth(vectors, threshold):
    wide = vectors.astype(np.float32)
    return set(
        zip(*(a.tolist() for a in np.nonzero(np.triu(wide @ wide.T >= threshold, 1))), strict=True)
    )


def found(vectors, threshold):
    listed = [
        pair
        for part in similarity_join.pairs(rows_of(vectors), threshold)
        for pair in zip(part.first.tolist(), part.second.tolist(), strict=True)
    ]
    assert len(listed) == len(set(listed)), "each pair once"
    return set(listed)


@pytest.mark.parametrize("threshold", [0.95, 0.8])
def test_without_lists_every_pair_is_found(threshold):
    vectors = clustered(2_000)
    expected = truth(vectors, threshold)
    assert len(expected) > 50
    assert found(vectors, threshold) == expected


@pytest.mark.parametrize("threshold", [0.95, 0.8])
def test_by_lists_hardly_any_is_missed(monkeypatch, threshold):
    monkeypatch.setattr(similarity_join, "_ONE_LIST", 500)
    monkeypatch.setattr(similarity_join, "_PER_LIST", 60)
    vectors = clustered(6_000)
    expected, listed = truth(vectors, threshold), found(vectors, threshold)
    assert listed <= expected
    assert len(listed) >= 0.99 * len(expected)


def test_lists_spare_most_products(monkeypatch):
    monkeypatch.setattr(similarity_join, "_ONE_LIST", 500)
    monkeypatch.setattr(similarity_join, "_PER_LIST", 60)
    sieve = similarity_join._Sieve.of(rows_of(clustered(6_000)), 0.95, 0)
    work = sum(len(members) * len(queries) for members, queries in sieve.work())
    assert work < 0.4 * 6_000**2


def test_the_nearest_are_kept_and_the_best_come_first():
    vectors = np.repeat(clustered(1), 100, axis=0)
    best = similarity_join.best_pairs(rows_of(vectors), 0.9, most=3)
    assert 100 <= len(best.first) <= 300
    vectors = clustered(2_000)
    best = similarity_join.best_pairs(rows_of(vectors), 0.8)
    assert (np.diff(best.cosines) <= 0).all()
    assert set(zip(best.first.tolist(), best.second.tolist(), strict=True)) <= truth(vectors, 0.8)


def test_few_rows():
    assert found(clustered(1), 0.5) == set()
    assert found(np.zeros((0, 8), np.float16), 0.5) == set()


def test_rows_are_those_of_living_moments_that_were_asked_for(library, media):
    store = library.store
    library.remove(media / "2.png")
    everything = gather_moments(store, "fake", [Modality.IMAGE])
    assert everything.ids.tolist() == store.moment_ids().tolist()
    assert len(everything.vectors) == 3
    below = gather_moments(store, "fake", [Modality.IMAGE], under=[str(media / "more")])
    assert below.assets.tolist() == [store.get(media / "more" / "0.png").asset_id]
    without = gather_moments(
        store, "fake", [Modality.IMAGE], without=frozenset(below.assets.tolist())
    )
    assert len(without) == 2
    assert len(gather_moments(store, "fake", [Modality.SOUND])) == 0
    assert sorted(p.name for p in (store.path / "curation").iterdir()) == []
