"""Conversion of deviations into probabilities, by pure functions.

Two questions are asked apart, because they need different things. Which of the labels is
it, given that it is one of them, is asked of the differences between labels, scaled by the
root of the greatest: what a tower recognises faintly it recognises no less rightly, so the
ratio counts as well as the distance. Whether it is any of them is asked of the greatest
alone, against what the best of so many labels has by chance:
of L labels that are not true, L e^-s are expected to reach s nats.

How sure the towers are, two constants, was set on every second of the pictures and sounds
of ``benchmarks/classify.py``, by log loss. ``NATS`` and ``BY_CHANCE`` were set on those
pictures, with 3 to 200 of their names and of general words for labels.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.types import Modality

Floats = NDArray[np.float32]

NATS = 1.0
"""Nats for one deviation of a label. Less than the 1.8 of a logistic background, because the
best of many labels comes from the tail."""
BY_CHANCE = 0.22
"""Labels that chance may be expected to bring as far as one that is as likely as not."""
SURENESS = {Modality.IMAGE: 3.6, Modality.KEYFRAME: 3.6}
"""The sureness of pictures: the factor of differences between labels."""
HEARD_SURENESS = 2.7
"""The same for sounds and speech."""
_LEAST = 0.3
"""Deviations below which the greatest does not scale what is beside it."""
_MOST_NATS = 80.0
"""Nats past which an exponential would leave float32."""


def sureness(modality: Modality) -> float:
    """Return how sure the towers of a modality are."""
    return SURENESS.get(modality, HEARD_SURENESS)


def steepness(greatest: Floats, mean: Floats, sure: float) -> Floats:
    """Return the factor (n,) between the deviations and the log odds of rows.

    Args:
        greatest: the greatest deviation over the labels, (n,).
        mean: the mean deviation over the labels, (n,).
        sure: ``sureness`` of the modality.
    """
    scaled = sure / np.sqrt(np.maximum(greatest - mean, _LEAST))
    # So that no exponential of what comes of it leaves float32, which spares subtracting.
    most = _MOST_NATS / np.maximum(np.abs(greatest), 1)
    capped: Floats = np.minimum(scaled, most).astype(np.float32)
    return capped


def log_odds(deviations: Floats, labels: int) -> Floats:
    """Return how much, in nats, deviations speak for a label among so many, against chance."""
    return NATS * deviations - np.float32(math.log(max(labels, 1) / BY_CHANCE))


def probability(nats: Floats) -> Floats:
    """Apply the logistic function, without overflow."""
    odds: Floats = 0.5 * (1 + np.tanh(0.5 * nats))
    return odds
