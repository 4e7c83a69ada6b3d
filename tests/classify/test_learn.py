"""Examples help where they say something, change nothing where they do not, and say so."""

import numpy as np
import pytest

from engine.classify.learn import learn, validated

DIM = 20


def clouds(labels, each, spread, seed=1):
    chance = np.random.default_rng(seed)
    centres = chance.standard_normal((labels, DIM))
    truth = np.repeat(np.arange(labels), each)
    rows = centres[truth] + spread * chance.standard_normal((len(truth), DIM))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), truth


def blind(truth, labels):
    """Log odds that know nothing."""
    return np.zeros((len(truth), labels), np.float32)


@pytest.mark.parametrize(("each", "how"), [(2, "prototypes"), (8, "logistic regression")])
def test_examples_teach_what_the_text_does_not_know(each, how):
    vectors, truth = clouds(4, each, 0.4)
    lesson = learn(vectors, truth, blind(truth, 4))
    assert lesson.how == how
    assert lesson.text.accuracy < 0.5 < 0.8 < lesson.both.accuracy
    assert lesson.both.loss < lesson.text.loss
    new, expected = clouds(4, 50, 0.4)
    odds = new @ lesson.learned.weights.T + lesson.learned.bias
    assert (odds.argmax(axis=1) == expected).mean() > 0.8


def test_two_labels_are_learned_as_well():
    vectors, truth = clouds(2, 6, 0.4)
    lesson = learn(vectors, truth, blind(truth, 2))
    assert lesson.how == "logistic regression"
    assert lesson.both.accuracy > 0.9


def test_examples_that_say_nothing_change_nothing():
    vectors, truth = clouds(4, 6, 0.4)
    noise = np.random.default_rng(2).permutation(truth)
    lesson = learn(vectors, noise, 8 * np.eye(4, dtype=np.float32)[noise])
    assert lesson.learned.text == 1.0
    assert not lesson.learned.weights.any()
    assert lesson.text == lesson.both


def test_labels_without_examples_are_left_where_the_text_has_them():
    vectors, truth = clouds(3, 4, 0.3)
    lesson = learn(vectors, truth, blind(truth, 5))
    assert lesson.how == "prototypes"
    assert not lesson.learned.weights[3:].any()


def test_one_example_of_each_cannot_be_validated():
    vectors, truth = clouds(3, 1, 0.3)
    lesson = learn(vectors, truth, blind(truth, 3))
    assert lesson.text is None and lesson.both is None
    assert lesson.learned.weights.any()


def test_accuracy_and_loss():
    odds = np.log(np.array([[0.8, 0.2], [0.6, 0.4]], np.float32))
    found = validated(odds, np.array([0, 1]))
    assert found.accuracy == 0.5
    assert found.loss == pytest.approx(-(np.log(0.8) + np.log(0.4)) / 2, rel=1e-5)
