"""What is excluded only counts against a moment."""

import numpy as np
import pytest

from engine.common.contribution import signed_contribution


@pytest.mark.parametrize(
    ("weight", "odds", "counted"),
    [(2.0, 1.5, 3.0), (2.0, -1.5, -3.0), (-2.0, 1.5, -3.0), (-2.0, -1.5, 0.0)],
)
def test_log_odds_count_by_the_sign_of_the_weight(weight, odds, counted):
    assert signed_contribution(weight, odds) == counted
    assert signed_contribution(weight, np.array([odds])).tolist() == [counted]
