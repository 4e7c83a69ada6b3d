"""Late fusion: one ranking out of the branches' candidates. Pure.

Log odds of independent evidence add up, so a moment's score is the weighted sum
over the branches that found it. What the user does not want only counts
against a moment: being unlike it is no reason to be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.types import Candidate, Modality, MomentRecord

_ROUNDING = 1e-4
"""Nats."""


@dataclass(frozen=True, slots=True)
class Fused:
    """A moment with its score and the candidates that it is the sum of."""

    moment_id: int
    score: float
    parts: tuple[Candidate, ...]


def contribution(candidate: Candidate) -> float:
    """What one candidate adds to its moment's score."""
    weight = candidate.branch.weight
    return weight * (candidate.log_odds if weight > 0 else max(candidate.log_odds, 0.0))


def fuse(candidates: Iterable[Candidate]) -> list[Fused]:
    """Moments by descending score, equal scores by ascending id.

    Scores that differ by less than ``_ROUNDING`` are equal: a matrix product may sum the
    rows of one vector in another order, and the hits must not depend on that.
    """
    parts: dict[int, list[Candidate]] = {}
    for candidate in candidates:
        parts.setdefault(candidate.moment_id, []).append(candidate)
    fused = [
        Fused(moment, sum(map(contribution, of_one)), tuple(of_one))
        for moment, of_one in parts.items()
    ]
    return sorted(fused, key=lambda f: (-round(f.score / _ROUNDING), f.moment_id))


def one_per_place(
    ranked: Iterable[tuple[Fused, MomentRecord]],
) -> Iterator[tuple[Fused, MomentRecord]]:
    """Of moments, best first, one for a shot, a sentence or a stretch of sound.

    A moment is dropped when a better one of the same asset and modality is the
    same shot, or the window beside it; the frames of an animation are one place.
    Lazy, because how many moments make a page is only known when it is full.
    """
    taken: dict[tuple[int, Modality], list[MomentRecord]] = {}
    for fused, record in ranked:
        better = taken.setdefault((record.asset_id, record.moment.modality), [])
        if not any(_same_place(record, other) for other in better):
            yield fused, record
        better.append(record)


def _same_place(one: MomentRecord, other: MomentRecord) -> bool:
    """Whether two moments of one asset and modality are one place to a viewer."""
    a, b = one.moment, other.moment
    if a.start is None or b.start is None or a.end is None or b.end is None:
        return True
    if a.modality is Modality.SOUND:
        return a.start <= b.end and b.start <= a.end
    return a.start < b.end and b.start < a.end
