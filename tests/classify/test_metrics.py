"""The figures, against small sums done by hand and against scikit-learn."""

import numpy as np
import pytest

from engine.classify import metrics


def test_calibration_error_by_hand():
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.1, 0.1])
    right = np.array([True, True, True, False, False, False])
    assert metrics.calibration_error(confidence, right) == pytest.approx((4 * 0.15 + 2 * 0.1) / 6)
    assert [one.count for one in metrics.reliability(confidence, right)] == [2, 4]


def test_certainty_falls_into_the_last_range():
    (last,) = metrics.reliability(np.array([1.0, 0.97]), np.array([True, True]))
    assert (last.low, last.high, last.count) == (14 / 15, 1.0, 2)


def test_auroc_and_average_precision_are_those_of_scikit_learn():
    from sklearn.metrics import average_precision_score, roc_auc_score

    chance = np.random.default_rng(0)
    scores = np.round(chance.random(200), 1)  # with ties
    true = chance.random(200) < 0.3
    assert metrics.auroc(scores, true) == pytest.approx(roc_auc_score(true, scores))
    assert metrics.average_precision(scores, true) == pytest.approx(
        average_precision_score(true, scores)
    )


def test_where_there_is_nothing_to_tell():
    assert np.isnan(metrics.auroc(np.ones(3), np.ones(3, np.bool_)))
    assert metrics.average_precision(np.ones(3), np.zeros(3, np.bool_)) is None
    assert metrics.calibration_error(np.zeros(0), np.zeros(0, np.bool_)) == 0


def test_precision_recall_and_f1():
    one = metrics.class_figures("cat", {1, 2, 3, 4}, {3, 4, 5})
    assert (one.support, one.precision, one.recall) == (3, 0.5, pytest.approx(2 / 3))
    assert one.f1 == pytest.approx(4 / 7)
    assert metrics.class_figures("dog", set(), set()).f1 == 0


def test_confusion_counts_true_by_given():
    counts = metrics.confusion([0, 0, 1], [0, 1, 1], 2)
    assert counts.tolist() == [[1, 1], [0, 1]]
