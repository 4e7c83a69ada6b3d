"""What comes out of blocks is what the formulas say, for any number of labels."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.classify import calibration
from engine.classify.scores import Learned, Scorer, Trained, best_of, in_turn


def made(labels, rows=40, dim=24, seed=0, size=3.0):
    chance = np.random.default_rng(seed)
    vectors = chance.standard_normal((rows, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, (size * chance.standard_normal((labels, dim))).astype(np.float32)


def softmax(odds):
    raised = np.exp(odds.astype(np.float64) - odds.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def expected(scores, sure):
    factor = calibration.steepness(scores.max(axis=1), scores.mean(axis=1), sure)
    return softmax(scores * factor[:, None])


@given(st.integers(1, 70), st.integers(1, 8), st.integers(0, 5))
def test_the_best_are_the_best(labels, top, seed):
    scores = np.random.default_rng(seed).integers(0, 9, (13, labels)).astype(np.float32)
    top = min(top, labels)
    places, values = best_of(scores.copy(), top)
    np.testing.assert_array_equal(values, -np.sort(-scores, axis=1)[:, :top])
    np.testing.assert_array_equal(np.take_along_axis(scores, places, axis=1), values)
    assert all(len(set(row)) == top for row in places.tolist())


@pytest.mark.parametrize("labels", [1, 2, 15, 16, 17, 300])
def test_probabilities_are_shares_of_all_labels(labels, monkeypatch):
    monkeypatch.setattr("engine.classify.scores._TILE", 7 * labels)  # so that tiles end anywhere
    rows, directions = made(labels)
    found = Scorer(directions, 3.0).one_of(rows, 5)
    shares = expected(rows @ directions.T, 3.0)
    order = np.argsort(-shares, axis=1)[:, : min(5, labels)]
    np.testing.assert_array_equal(found.labels, order)
    np.testing.assert_allclose(
        found.probabilities, np.take_along_axis(shares, order, axis=1), rtol=2e-3, atol=1e-6
    )
    greatest = (rows @ directions.T).max(axis=1)
    np.testing.assert_allclose(found.evidence, calibration.log_odds(greatest, labels), atol=1e-4)


def test_scores_of_any_size_make_numbers():
    rows, directions = made(30, size=500.0)
    found = Scorer(directions, 3.8).one_of(rows, 3)
    assert np.isfinite(found.probabilities).all()
    assert ((found.probabilities >= 0) & (found.probabilities <= 1.0001)).all()
    none = Scorer(-np.abs(directions), 3.8).one_of(np.abs(rows), 3)
    assert np.isfinite(none.probabilities).all()


def test_an_encoder_that_knows_its_scale_is_believed():
    rows, labels = made(20, size=1.0)
    scorer = Scorer(labels * 3, 3.0, labels, Trained(10.0))
    found = scorer.one_of(rows, 20)
    shares = softmax(10 * rows @ labels.T)
    np.testing.assert_allclose(
        found.probabilities, np.take_along_axis(shares, found.labels, axis=1), rtol=1e-3, atol=1e-6
    )
    with_bias = Scorer(labels * 3, 3.0, labels, Trained(10.0, -4.0)).each(rows, 1)
    best = (10 * rows @ labels.T - 4).max(axis=1)
    np.testing.assert_allclose(with_bias.probabilities[:, 0], 1 / (1 + np.exp(-best)), rtol=1e-4)


def test_each_label_is_decided_by_itself():
    rows, directions = made(20)
    found = Scorer(directions, 3.0).each(rows, 20)
    alone = calibration.probability(calibration.log_odds(rows @ directions.T, 20))
    np.testing.assert_allclose(
        found.probabilities, np.take_along_axis(alone, found.labels, axis=1), rtol=1e-4
    )
    assert (np.diff(found.probabilities, axis=1) <= 0).all()
    # A further label changes nothing but how many there are to be found by chance.
    fewer = Scorer(directions[:10], 3.0).each(rows, 1).probabilities
    assert (fewer >= alone[:, :10].max(axis=1, keepdims=True)).all()


def test_what_was_learned_is_added_to_the_text():
    rows, directions = made(6)
    learned = Learned(directions[::-1].copy(), np.arange(6, dtype=np.float32), 0.5)
    scores = rows @ directions.T
    factor = calibration.steepness(scores.max(axis=1), scores.mean(axis=1), 3.0)[:, None]
    shares = softmax(0.5 * scores * factor + scores[:, ::-1] + np.arange(6))
    found = Scorer(directions, 3.0, learned=learned).one_of(rows, 6)
    np.testing.assert_allclose(
        found.probabilities, np.take_along_axis(shares, found.labels, axis=1), rtol=1e-3, atol=1e-6
    )


def test_more_labels_need_more_evidence():
    deviations = np.full(1, 4.0, np.float32)
    odds = [
        calibration.probability(calibration.log_odds(deviations, n))[0] for n in (1, 10, 100, 1000)
    ]
    assert odds == sorted(odds, reverse=True)
    assert odds[0] > 0.5 > odds[-1]


def test_work_goes_on_ahead_and_comes_back_in_turn():
    begun = []

    def work(item):
        begun.append(item)
        return item * item

    with ThreadPoolExecutor(1) as pool:
        turns = in_turn(pool, work, iter(range(20)), ahead=2)
        assert next(turns) == 0
        assert len(begun) <= 4
        assert list(turns) == [n * n for n in range(1, 20)]


def test_an_error_in_a_thread_is_raised_where_results_are_taken():
    def work(item):
        raise ZeroDivisionError

    with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError):
        list(in_turn(pool, work, [1, 2, 3], ahead=1))
