"""The ranking rule of negative parts: they count against a moment, and never for it."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import NDArray


@overload
def signed_contribution(weight: float, log_odds: NDArray[np.float64]) -> NDArray[np.float64]: ...
@overload
def signed_contribution(weight: float, log_odds: float) -> float: ...
def signed_contribution(
    weight: float, log_odds: NDArray[np.float64] | float
) -> NDArray[np.float64] | float:
    """Return what log odds add to the evidence under a weight, in nats.

    Being unlike what is excluded is no reason to be shown: under a negative weight, log
    odds below zero count as zero.

    Args:
        log_odds: of one moment, or of moments (n,).
    """
    if weight > 0:
        return weight * log_odds
    if isinstance(log_odds, float):
        return weight * max(log_odds, 0.0)
    positive: NDArray[np.float64] = np.maximum(log_odds, 0.0)
    return weight * positive
