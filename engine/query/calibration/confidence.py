"""The probability that a hit answers its query, and where "likely" begins. Pure.

Evidence is in nats against what chance does in the same space, so that one logistic model
serves all of them: no constant belongs to a space, an encoder or a modality. It was fitted on
one half of the queries of four kinds of spaces (CLIP's true vectors with words and with
sentences; photographs and labels, sounds, and speech with ``compact``), and its calibration
error on the other halves is 0.02 to 0.05 (``benchmarks/confidence.py``). Fitted on three kinds
alone, its error on the fourth is 0.05 (CLIP), 0.03 (photographs), 0.13 (sounds) and 0.16 (speech).

What the model knows beside the evidence itself:

- how much the query says. A moment that stands out as far for ten words as another for one is
  less probably what was asked: more must be true of it. 1,000 everyday photographs by a
  sentence are right in 5 of 100 hits at the same evidence at which labels are in 95.
- how far the best of what was found stands above it. Only what goes with the best is as likely
  as that. The best is by looks and sounds alone: that one file is called a dog makes no picture
  of a dog less likely.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.query.calibration.log_odds import NATS_PER_DEVIATION
from engine.query.full_text import content_words
from engine.types import QUALITY, BranchScores, Modality, PartKind, QueryPart

LIKELY = 0.5
"""The probability from which a hit is likely."""
_SLOPE = 0.38
"""The increase of the log odds of an answer for each nat of evidence."""
_OFFSET = -3.32
"""The log odds of an answer where nothing stands out: one moment of 28 among the best ten."""
_WORDS = 1.75
"""The decrease of the log odds for each unit of the logarithm of a query's number of words."""
_MOST_WORDS = 12
"""The number of words past which a query asks for no more: the most in the sets of the fit."""
_EXAMPLES = 2.0
"""The increase of the log odds where an example is asked for beside a text."""
_LIKE, _LIKE_OFFSET, _OF_MANY = 4.71, 0.92, 0.5
"""The log odds that a moment is of the sort of an example: by how far it is on the way from what is
expected to the example itself, less the logarithm of the number of moments, since among more of
them more are as near that are of another sort.

Fitted on half of the words of 2,316 recordings and half of the things of 431 photographs, alone
and among the others; on the other halves its calibration error is 0.02 and 0.06 (0.07 and 0.13
before, when it was 2 more than that of a text). ``benchmarks/likeness.py`` has it on other sounds:
of 363, 0.08, and of 100 of five sorts 0.19, where more is right than it states."""
_LEAST_REST = 0.01
"""The least way from what is expected to an example, as a cosine."""
_FEWEST_LIKE, _MOST_LIKE = 200, 2_500
"""Numbers of moments between which that was fitted."""
_BEHIND = 1.44
"""The decrease of the log odds for each unit of log(1 + nats behind the best moment)."""


def confidence(
    evidence: NDArray[np.float64], best: float, scored: Sequence[BranchScores]
) -> NDArray[np.float64]:
    """Return the probabilities (n,) that moments answer what was asked.

    They rise with the evidence, so that an order by one is an order by the other.

    Args:
        evidence: (n,), the weighted sum over the branches, in nats.
        best: the evidence of the best, without words.
        scored: the branches of one stage that it is a sum of.
    """
    shares = _weights(scored)
    total = max(sum(shares.values()), 1e-9)
    if shares and all(_are_examples(parts) for parts in shares):
        return _logistic(_of_likeness(evidence / total, scored))
    asked = sum(weight * _asks_for(parts) for parts, weight in shares.items()) / total
    behind = np.log1p(np.maximum(best - evidence, 0.0) / total)
    odds = _SLOPE * evidence / total + _OFFSET - asked - _BEHIND * behind
    return _logistic(odds)


def _logistic(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    return found


def _of_likeness(
    evidence: NDArray[np.float64], scored: Sequence[BranchScores]
) -> NDArray[np.float64]:
    """Return the log odds (n,) that moments are of the sort of an example.

    Nats are made cosines again by the branch that weighs most, so that they rise with the evidence.
    """
    measured = [s for s in scored if s.mean is not None and s.std is not None and len(s.mean)]
    if not measured:
        return evidence
    widest = max(measured, key=lambda scores: (scores.branch.weight, len(scores.ids)))
    assert widest.mean is not None and widest.std is not None
    rest = max(1 - float(widest.mean.mean()), _LEAST_REST)
    nearer = evidence / NATS_PER_DEVIATION * widest.std / rest
    moments = sum(s.branch.vectors for s in scored if s.branch.space == widest.branch.space)
    many = math.log(min(max(moments, _FEWEST_LIKE), _MOST_LIKE))
    return _LIKE * nearer - _OF_MANY * many + _LIKE_OFFSET


_Parts: TypeAlias = tuple[QueryPart, ...]


def _weights(scored: Sequence[BranchScores]) -> dict[_Parts, float]:
    """Return the weight of each wanted part, which is that of its heaviest modality.

    What several spaces of a modality share counts together, and spaces of which the better counts
    as one do so once, and the qualities that a text names do so with it. Words stand for a part
    alone where nothing else does.
    """
    wanted = [scores.branch for scores in scored if scores.branch.weight > 0]
    wanted = [branch for branch in wanted if branch.name != QUALITY]
    witnesses = {(b.parts, b.modality, b.family or b.space): b.weight for b in wanted}
    by_modality: dict[tuple[_Parts, Modality | None], float] = {}
    for (parts, modality, _), weight in witnesses.items():
        by_modality[parts, modality] = by_modality.get((parts, modality), 0.0) + weight
    heaviest: dict[_Parts, float] = {}
    for (parts, modality), weight in by_modality.items():
        if modality is not None:
            heaviest[parts] = max(heaviest.get(parts, 0.0), weight)
    covered = {part for parts in heaviest for part in parts}
    for (parts, modality), weight in by_modality.items():
        if modality is None and not covered.issuperset(parts):
            heaviest[parts] = weight
    return heaviest


def _asks_for(parts: _Parts) -> float:
    """Return what a query asks for more than one word does, in log odds."""
    if _are_examples(parts):
        return -_EXAMPLES
    texts = [part.value for part in parts if part.asked is PartKind.TEXT]
    words = sum(len(content_words(text)) for text in texts)
    return _WORDS * math.log(min(max(words, 1), _MOST_WORDS))


def _are_examples(parts: _Parts) -> bool:
    return all(part.asked in (PartKind.IMAGE, PartKind.AUDIO) for part in parts)
