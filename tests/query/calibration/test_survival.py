"""The curve of how far pairs stand out by chance."""

from __future__ import annotations

import numpy as np
import pytest

from engine.query.calibration.survival import fit_curve, odds_of


def drawn(count: int) -> np.ndarray:
    return np.random.default_rng(0).logistic(scale=np.sqrt(3) / np.pi, size=count)


def test_the_odds_of_a_logistic_distribution_are_linear():
    curve = fit_curve(drawn(200_000))
    deviations = np.array([-2.0, 0.0, 1.0, 2.0, 4.0])
    assert odds_of(curve, deviations) == pytest.approx(deviations * np.pi / np.sqrt(3), abs=0.15)


def test_a_heavy_tail_says_less_of_the_same_deviation():
    light = fit_curve(drawn(50_000))
    heavy = fit_curve(np.random.default_rng(1).standard_t(3, 50_000))
    far = np.array([12.0])
    assert odds_of(heavy, far)[0] < odds_of(light, far)[0] / 2


@pytest.mark.parametrize("count", [100, 201, 1000, 100_000])
def test_odds_rise_past_all_that_was_seen_and_below_it(count):
    curve = fit_curve(drawn(count))
    assert curve.dtype == np.float32
    assert (np.diff(odds_of(curve, np.linspace(-40, 400, 5000))) > 0).all()


def test_deviations_that_are_all_one_or_too_few_make_no_curve():
    assert fit_curve(drawn(99)).shape == (2, 0)
    assert fit_curve(np.zeros(0)).shape == (2, 0)
    curve = fit_curve(np.zeros(1000))
    assert np.isfinite(curve).all()
    if curve.shape[1] >= 2:
        assert np.isfinite(odds_of(curve, np.array([-1.0, 0.0, 5.0]))).all()
