"""Tell whether a text asks for something that is heard or for something that is seen.

"A dog barking" is answered by a sound, and a picture of a dog is likely only to be as near. The
bank of phrases says which of them name sounds and which things, and the direction between both is
a logistic regression in the space that texts are asked in: so it is known for every encoder, and
needs no rule. It takes from the modalities that a text does not ask for; a text in between ("dog")
leaves both as they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.query.calibration.phrases import sound_phrases, thing_phrases
from engine.store import Background
from engine.types import Modality
from engine.types.arrays import Vectors

QUERY = "heard"
"""The kind of query under which the direction is kept among the backgrounds of a space."""
SEEN, HEARD = frozenset({Modality.IMAGE, Modality.KEYFRAME}), frozenset({Modality.SOUND})
_PENALTY = 0.1
"""The ridge of the regression. Of 0.1, 0.3 and 1, 0.99 of pairs of 70 names of sounds and 55 of
things come out right with each, and with 0.1 half of the names of sounds are nine times as
probable as things."""
_STEPS = 20
_ENOUGH = 1e-6


def direction(space: str, bank: Vectors) -> Background:
    """Fit the direction from things to sounds in the vectors (phrases, dim) of the bank."""
    things, sounds = len(thing_phrases()), len(sound_phrases())
    rows = np.c_[bank[: things + sounds].astype(np.float64), np.ones(things + sounds)]
    heard = np.arange(len(rows)) >= things
    # Both kinds count alike, whatever their number.
    share = np.where(heard, 0.5 / sounds, 0.5 / things) * len(rows)
    ridge = np.diag([*np.full(bank.shape[1], _PENALTY), _ENOUGH])
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        probable = _logistic(rows @ weights)
        gradient = rows.T @ (share * (probable - heard)) + ridge @ weights
        curved = (rows * (share * probable * (1 - probable))[:, None]).T @ rows + ridge
        step = np.linalg.solve(curved, gradient)
        weights -= step
        if np.abs(step).max() < _ENOUGH:
            break
    centre = weights[:-1].astype(np.float32).tobytes()
    return Background(space, QUERY, Modality.SOUND, float(weights[-1]), 1.0, len(rows), centre)


def log_odds_of_hearing(known: Background, text: Vectors) -> float:
    """Return the log odds that a text, a vector (dim,), asks for a sound and not for a thing."""
    return float(np.frombuffer(known.centre, np.float32) @ text) + known.mean


def prior(log_odds: float, modality: Modality) -> float:
    """Return what speaks for a modality before it was searched, in nats.

    That is 0 where a text may ask for either, and at most ``log(2)``.
    """
    if modality not in SEEN | HEARD:
        return 0.0
    return float(np.log(2 * _logistic(np.float64(log_odds if modality in HEARD else -log_odds))))


def _logistic(odds: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))
    return found
