"""Tell what a text asks for: something that is seen, something that is heard, or words.

"A dog barking" is answered by a sound, and a picture of a dog is likely only to be as near. "A
soldier" is answered by a picture, and that somewhere "military-today.com" is to be read is near
as only two texts can be. Some hundred phrases of each sort name what people look for
(``sight_and_sound``, ``words_and_senses``), and the direction between two sorts is a logistic
regression in the space that texts are asked in: so it is known for every encoder, and needs no
rule. It takes from the modalities that a text does not ask for; a text in between ("a guitar")
leaves both as they are. What a moment's own words share with a text is evidence beside this, of
which nothing is taken.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.query.calibration.sight_and_sound import heard_phrases, seen_phrases
from engine.query.calibration.words_and_senses import worded_phrases
from engine.store import Background
from engine.types import Modality
from engine.types.arrays import Vectors

_PENALTY = 0.1
"""The ridge of the regressions. Of 0.03, 0.1, 0.3 and 1, the log loss of what is heard is least
with 0.1, of 130 names of sounds, 172 people's sentences about photographs, and names of 94 classes
of pictures. None of them were fitted to. Of pairs of the first two 0.98 come out right, of the
first and last 0.91; by the phrases of the bank alone 0.92 and 0.86. Of pairs of a spoken prompt
and a sentence about a photograph all come out right, and of pairs of three words of a prompt and
the name of a class 0.97."""
_STEPS = 20
_ENOUGH = 1e-6
_SEEN, _HEARD = frozenset({Modality.IMAGE, Modality.KEYFRAME}), frozenset({Modality.SOUND})


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two sorts of modalities, and the phrases that ask for either."""

    query: str
    """The kind of query under which its direction is kept among the backgrounds of a space."""
    kept: Modality
    """The modality under which that is kept."""
    others: frozenset[Modality]
    wanted: frozenset[Modality]
    """The modalities for which positive log odds speak."""
    mutual: bool = True
    """True where log odds for what is wanted speak against the others as well."""

    def is_among(self, modalities: Collection[Modality]) -> bool:
        """Tell whether there is something of both sorts among modalities."""
        return not (self.others.isdisjoint(modalities) or self.wanted.isdisjoint(modalities))

    def phrases(self) -> tuple[list[str], list[str]]:
        """Return phrases that ask for the others, and phrases that ask for what is wanted."""
        if self is HEARD:
            return seen_phrases(), heard_phrases()
        return [*seen_phrases(), *heard_phrases()], worded_phrases()

    def direction(self, space: str, phrases: Vectors) -> Background:
        """Fit the direction from the others to what is wanted.

        Args:
            phrases: vectors (n, dim) of all ``phrases``, those of the others first.
        """
        first, second = map(len, self.phrases())
        weights = _fitted(phrases, first, second)
        centre = weights[:-1].astype(np.float32).tobytes()
        return Background(
            space, self.query, self.kept, float(weights[-1]), 1.0, first + second, centre
        )

    def prior(self, log_odds: float, modality: Modality) -> float:
        """Return what speaks for a modality before it was searched, in nats.

        That is 0 where a text may ask for either, and at most ``log(2)``; where the contrast is
        not mutual, it is only ever taken from what is wanted.
        """
        if modality not in self.others | self.wanted:
            return 0.0
        if not self.mutual and (modality in self.others or log_odds > 0):
            return 0.0
        speaking = log_odds if modality in self.wanted else -log_odds
        return float(np.log(2 * _logistic(np.float64(speaking))))


HEARD = Contrast("heard", Modality.SOUND, _SEEN, _HEARD)
"""The contrast of what is heard with what is seen."""
WORDED = Contrast(
    "worded", Modality.SPEECH, _SEEN | _HEARD, frozenset({Modality.SPEECH, Modality.SCREEN}),
    mutual=False,
)  # fmt: skip
"""The contrast of what is said or written with what is seen or heard.

It takes nothing from pictures: one of a clock answers "what time is it" (nDCG@10 of the ``dev``
half of ``benchmarks/mixed.py`` is 0.704, 0.703 without the contrast, and 0.696 where it is mutual).
"""
CONTRASTS = (HEARD, WORDED)


def log_odds_of(known: Background, text: Vectors) -> float:
    """Return the log odds that a text, a vector (dim,), asks for what a direction leads to."""
    return float(np.frombuffer(known.centre, np.float32) @ text) + known.mean


def _fitted(phrases: Vectors, first: int, second: int) -> NDArray[np.float64]:
    """Return the weights (dim + 1,) of the regression, the constant last."""
    rows = np.c_[phrases.astype(np.float64), np.ones(first + second)]
    wanted = np.arange(len(rows)) >= first
    # Both sorts count alike, whatever their number.
    share = np.where(wanted, 0.5 / second, 0.5 / first) * len(rows)
    ridge = np.diag([*np.full(phrases.shape[1], _PENALTY), _ENOUGH])
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        probable = _logistic(rows @ weights)
        gradient = rows.T @ (share * (probable - wanted)) + ridge @ weights
        curved = (rows * (share * probable * (1 - probable))[:, None]).T @ rows + ridge
        step = np.linalg.solve(curved, gradient)
        weights -= step
        if np.abs(step).max() < _ENOUGH:
            break
    return weights


def _logistic(odds: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))
    return found
