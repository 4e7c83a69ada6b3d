"""Take the better of what several spaces of one encoder say of a moment.

An encoder may put a picture into its space twice: by what is in it, and by what happens in it.
A text is asked in both. They see one picture, so they are one witness, and it has said the more
definite of the two: the mean of both would hide a name that the one does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.common.id_sets import union
from engine.types import BranchScores


def better_of_families(scored: Sequence[BranchScores]) -> list[BranchScores]:
    """Leave each moment to the branch of a family in which its log odds are greatest.

    A family are the branches of one encoder that ask the same of one modality. Where two say
    the same, the first has it. Other branches come back as they are.
    """
    families: dict[object, list[int]] = {}
    for place, branch_scores in enumerate(scored):
        branch = branch_scores.branch
        if branch.family is not None:
            key = branch.family, branch.stage, branch.name, branch.modality, branch.parts
            families.setdefault(key, []).append(place)
    found = list(scored)
    for places in families.values():
        for place, kept in zip(places, _greatest([scored[p] for p in places]), strict=True):
            found[place] = _where(scored[place], kept)
    return found


def _greatest(scored: Sequence[BranchScores]) -> Iterator[NDArray[np.bool_]]:
    """Yield for each branch which of its moments it says the most of."""
    ids = union([branch_scores.ids for branch_scores in scored])
    odds = np.full((len(scored), len(ids)), -np.inf)
    at = [np.searchsorted(ids, branch_scores.ids) for branch_scores in scored]
    for row, places, branch_scores in zip(odds, at, scored, strict=True):
        row[places] = branch_scores.log_odds
    best = odds.argmax(axis=0)
    for number, places in enumerate(at):
        yield best[places] == number


def _where(scored: BranchScores, kept: NDArray[np.bool_]) -> BranchScores:
    mean = None if scored.mean is None else scored.mean[kept]
    return replace(
        scored, ids=scored.ids[kept], raw=scored.raw[kept], log_odds=scored.log_odds[kept],
        mean=mean,
    )  # fmt: skip
