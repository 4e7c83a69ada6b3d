"""Sets of moment ids as sorted arrays.

numpy's own set functions import ``numpy.ma`` first, which takes a tenth of a cold search,
and ``isin`` takes longer to choose its way than to go it for so few ids.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.types.arrays import MomentIds


def union(parts: Sequence[MomentIds]) -> MomentIds:
    """Return the distinct ids of several arrays, ascending."""
    if not parts:
        return np.zeros(0, np.int64)
    ids = np.sort(np.concatenate(parts))
    first = np.ones(len(ids), np.bool_)
    first[1:] = ids[1:] != ids[:-1]
    return ids[first]


def among(ids: MomentIds, known: MomentIds) -> NDArray[np.bool_]:
    """Return which of ids (n,) are in ``known``, ascending, (n,)."""
    if not len(known):
        return np.zeros(len(ids), np.bool_)
    places = np.searchsorted(known, ids).clip(max=len(known) - 1)
    held: NDArray[np.bool_] = known[places] == ids
    return held


def locate(ids: MomentIds, known: MomentIds) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which of ids (n,) are in ``known``, ascending, and the places of those there."""
    places = np.searchsorted(known, ids)
    found = places < len(known)
    found[found] = known[places[found]] == ids[found]
    return found, places[found]


def look_up(
    ids: MomentIds, known: MomentIds, values: NDArray[np.int64], missing: int
) -> NDArray[np.int64]:
    """Return the value (n,) of each of ids (n,), and ``missing`` for those not in ``known``.

    Args:
        known: (m,), ascending.
        values: (m,), one for each of ``known``.
    """
    if not len(known):
        return np.full(len(ids), missing, np.int64)
    places = np.searchsorted(known, ids).clip(max=len(known) - 1)
    return np.where(known[places] == ids, values[places], missing)
