"""A label is held against its background: what means nothing counts nothing."""

import numpy as np
import pytest

from engine.classify import background
from engine.classify.prompts import Prompted
from engine.common.vectors import l2_normalize as unit

DIM = 48


@pytest.fixture
def chance():
    return np.random.default_rng(4)


def drawn(chance, count, dim=DIM):
    return unit(chance.standard_normal((count, dim)).astype(np.float32))


def test_pairs_that_mean_nothing_have_deviations_of_one(chance):
    moments, labels, bank = drawn(chance, 800), drawn(chance, 60), drawn(chance, 200)
    scores = moments @ background.label_directions(Prompted(labels, bank), moments).T
    assert scores.std() == pytest.approx(1.0, abs=0.1)
    assert abs(scores.mean()) < 0.1


def test_what_templates_say_of_anything_is_no_evidence(chance):
    """A moment in which nothing is recognised lies where the templates lie, and one label
    happens to lie there as well."""
    common = drawn(chance, 1)[0]
    bank = unit(drawn(chance, 200) + 2 * common)
    labels = unit(drawn(chance, 3) + np.array([[4.0], [2.0], [2.0]], np.float32) * common)
    moments = unit(drawn(chance, 300) + 3 * common)
    directions = background.label_directions(Prompted(labels, bank), moments)
    blank = unit(bank.mean(axis=0, keepdims=True))
    assert (blank @ labels.T)[0, 0] > (blank @ labels.T)[0, 1] + 0.02
    np.testing.assert_allclose(blank @ directions.T, 0, atol=0.02)


def test_what_is_true_of_all_that_there_is_stands_out_all_the_same(chance):
    label, other = drawn(chance, 2)
    prompted = Prompted(np.stack([label, other]), drawn(chance, 200))
    directions = background.label_directions(prompted, drawn(chance, 500))
    library = unit(drawn(chance, 400) * 0.3 + label)
    assert (library @ directions[0] > 2 * np.abs(library @ directions[1])).mean() > 0.99


def test_directions_in_which_moments_differ_most_count_less(chance):
    """Two labels differ from a moment's own by as much, one where everything varies."""
    axis, quiet, loud = np.eye(DIM, dtype=np.float32)[:3]
    moments = drawn(chance, 2_000) * 0.3
    moments[:, 2] += chance.standard_normal(2_000).astype(np.float32) * 3
    labels = unit(np.stack([axis + quiet, axis + loud]))
    label_background = background.label_background(drawn(chance, 200), unit(moments))
    one, two = background.directions(label_background, labels)
    assert one[1] / one[0] > 1.5 * two[2] / two[0]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_reference_of_little_is_no_trouble(chance, count):
    labels, bank = drawn(chance, 4), drawn(chance, 100)
    directions = background.label_directions(Prompted(labels, bank), drawn(chance, count))
    assert np.isfinite(directions).all()
    assert ((labels @ directions.T).argmax(axis=1) == np.arange(4)).all()


def test_one_label_alone_has_a_direction(chance):
    label, bank, moments = drawn(chance, 1), drawn(chance, 100), drawn(chance, 200)
    directions = background.label_directions(Prompted(label, bank), moments)
    assert (label @ directions.T)[0, 0] > 5
