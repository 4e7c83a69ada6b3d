"""Every backend answers like the numpy oracle, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.index.allowed import Allowed
from engine.index.exact import ExactIndex
from engine.index.segmented_index import SegmentedIndex
from engine.index.vector_index import VectorIndex
from engine.testing.brute_force import NumpyIndex
from engine.types.arrays import Vectors
from tests.examples import examples
from tests.index.on_disk import CodedHalves, Halves
from tests.index.on_disk import unit_rows as of_dim

BACKENDS = [ExactIndex, SegmentedIndex, Halves, CodedHalves]
DIM = 8


def unit_rows(rng: np.random.Generator, count: int, *, coarse: bool = False) -> Vectors:
    return of_dim(rng, count, DIM, coarse=coarse)


def pair(
    backend: type[VectorIndex], seed: int, count: int, coarse: bool
) -> tuple[VectorIndex, NumpyIndex]:
    rng = np.random.default_rng(seed)
    ids = rng.permutation(np.arange(1, 4 * count + 1))[:count].astype(np.int64)
    rows = unit_rows(rng, count, coarse=coarse)
    index, oracle = backend(DIM), NumpyIndex(DIM)  # type: ignore[call-arg]
    index.add(ids, rows)
    oracle.add(ids, rows)
    return index, oracle


def agree(index: VectorIndex, oracle: NumpyIndex, query: Vectors, top: int, allowed=None) -> None:
    ids, scores = index.search(query, top, allowed)
    expected_ids, expected_scores = oracle.search(query, top, allowed)
    np.testing.assert_allclose(scores, expected_scores, atol=2e-4)
    assert ids.tolist() == expected_ids.tolist()


@pytest.mark.parametrize("backend", BACKENDS)
@given(st.integers(0, 2**32), st.integers(1, 90), st.integers(1, 100), st.booleans())
@settings(max_examples=examples(125), deadline=None)
def test_search_agrees_with_the_oracle(backend, seed, count, top, coarse):
    index, oracle = pair(backend, seed, count, coarse)
    query = unit_rows(np.random.default_rng(seed + 1), 1, coarse=coarse)[0]
    agree(index, oracle, query, top)


@pytest.mark.parametrize("backend", BACKENDS)
@given(st.integers(0, 2**32), st.integers(1, 90), st.floats(0, 1))
@settings(max_examples=examples(100), deadline=None)
def test_a_filter_gives_every_hit_that_it_admits(backend, seed, count, share):
    index, oracle = pair(backend, seed, count, coarse=False)
    rng = np.random.default_rng(seed + 2)
    allowed = np.flatnonzero(rng.random(4 * count + 1) < share).astype(np.int64)
    for top in (1, count // 3, count):
        agree(index, oracle, unit_rows(rng, 1)[0], top, Allowed(allowed))


@pytest.mark.parametrize("backend", BACKENDS)
def test_removed_vectors_are_gone_and_the_others_stay(backend):
    index, oracle = pair(backend, seed=3, count=40, coarse=False)
    ids, _ = oracle.search(unit_rows(np.random.default_rng(4), 1)[0], 40)
    dead = np.append(ids[:15], 10_000)
    assert index.remove(dead) == oracle.remove(dead) == 15
    assert len(index) == len(oracle) == 25
    agree(index, oracle, unit_rows(np.random.default_rng(5), 1)[0], 40)


@pytest.mark.parametrize("backend", [*BACKENDS, NumpyIndex])
def test_vectors_come_back_in_the_order_asked(backend):
    rows = unit_rows(np.random.default_rng(6), 5)
    index = backend(DIM)
    index.add(np.array([50, 10, 40, 20, 30]), rows)
    np.testing.assert_allclose(index.vectors(np.array([20, 50])), rows[[3, 0]])
    assert index.vectors(np.zeros(0, np.int64)).shape == (0, DIM)
    with pytest.raises(KeyError):
        index.vectors(np.array([99]))


@pytest.mark.parametrize("backend", [*BACKENDS, NumpyIndex])
def test_it_knows_what_it_holds(backend):
    index = backend(DIM)
    asked = np.array([5, 7, 3, 99])
    assert index.holds(asked).tolist() == [False] * 4
    index.add(np.array([7, 3, 8]), unit_rows(np.random.default_rng(8), 3))
    assert index.holds(asked).tolist() == [False, True, True, False]
    index.remove(np.array([7]))
    assert index.holds(asked).tolist() == [False, False, True, False]


@pytest.mark.parametrize("backend", [*BACKENDS, NumpyIndex])
def test_an_empty_index_answers_nothing(backend):
    ids, scores = backend(DIM).search(unit_rows(np.random.default_rng(7), 1)[0], 5)
    assert len(ids) == len(scores) == 0
