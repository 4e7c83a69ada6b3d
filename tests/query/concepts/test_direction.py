"""A direction finds what resembles examples, and its scores compare with the library's."""

from __future__ import annotations

import numpy as np
import pytest

from engine.query.concepts.direction import learn_direction, saturated, share_found


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def library(random):
    """A thousand moments that differ most in twenty directions, of which none is the thing's."""
    loud = random.standard_normal((20, 64)) * 3
    return unit(random.standard_normal((1000, 20)) @ loud + random.standard_normal((1000, 64)))


def views(random, library, count):
    """The thing in ``count`` moments of the library: a small part of each of them."""
    thing = unit(np.random.default_rng(9).standard_normal((1, 64)))
    return unit(library[random.choice(len(library), count)] + 0.5 * thing)


def test_examples_of_a_thing_find_it_in_other_moments(random, library):
    examples, others = views(random, library, 5), views(random, library, 20)
    direction = learn_direction(examples, library)
    beaten = (library @ direction.vector)[:, None] < others @ direction.vector
    mean = unit(examples.mean(axis=0, keepdims=True))[0]
    by_mean = (library @ mean)[:, None] < others @ mean
    assert by_mean.mean() < 0.97 < 0.98 < beaten.mean(), "what is near the examples' mean"


def test_scores_of_the_library_have_its_mean_and_deviation(random, library):
    direction = learn_direction(views(random, library, 5), library)
    out = (library @ direction.vector - direction.mean) / direction.std
    assert abs(np.median(out)) < 0.05
    assert 0.05 < out.std() < 1.3, "at most its own: examples stand out by twelve nats"


def test_the_thing_itself_in_the_library_does_not_hide_it(random, library):
    examples = views(random, library, 5)
    full = np.concatenate([library, examples, views(random, library, 50)])
    direction = learn_direction(examples, full)
    rows = views(random, library, 20)
    assert ((rows @ direction.vector - direction.mean) / direction.std).mean() > 2


def test_leave_one_out_tells_a_thing_from_a_motley(random, library):
    clear = unit(library[:5] * 0.3 + views(random, library, 1))
    assert share_found(clear, library) == 1.0
    assert share_found(unit(random.standard_normal((5, 64))), library) < 0.5
    assert share_found(clear, library[:10]) is None


def test_a_small_library_compares_with_the_mean(random, library):
    examples = views(random, library, 5)
    direction = learn_direction(examples, library[:5])
    np.testing.assert_allclose(
        direction.vector, unit(examples.mean(0, keepdims=True))[0], atol=1e-6
    )


def test_more_than_an_example_counts_little_and_keeps_the_order():
    odds = saturated(np.array([-3.0, 5.0, 12.0, 22.0, 32.0]))
    np.testing.assert_allclose(odds, [-3, 5, 12, 14, 16])
