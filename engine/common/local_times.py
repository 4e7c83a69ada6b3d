"""Many times on disk at once by the clock of the user, as ``local_time`` has one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from engine.common.local_time import SECOND, iso_of, local

_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def isos_of(mtimes_ns: NDArray[np.int64]) -> list[str]:
    """Return what ``iso_of`` does for each of many times, of shape (n,).

    The clock is asked once a day, and for each time of the days on which it was changed.
    """
    seconds = mtimes_ns // SECOND
    days, of_day = np.unique(seconds // _DAY, return_inverse=True)
    begin, end = (
        np.array([_ahead(day * _DAY + second) for day in days.tolist()], np.int64)
        for second in (0, _DAY - 1)
    )
    shown: list[str] = np.datetime_as_string(
        (seconds + begin[of_day]).astype("datetime64[s]")
    ).tolist()
    for place in np.flatnonzero((begin != end)[of_day]).tolist():
        shown[place] = iso_of(int(mtimes_ns[place]))
    return shown


def _ahead(second: int) -> int:
    """Return by how many seconds the user's clock was ahead of UTC."""
    there = _EPOCH + timedelta(seconds=second)
    return round((local(there).replace(tzinfo=UTC) - there).total_seconds())
