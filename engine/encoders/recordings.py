"""Grouping of sound clips that are copies of one recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.types.arrays import Vectors

_SAME = 0.998
"""Cosine of two windows' features from which their clips are one recording: copies have
1.000, the same in another sample format 0.999, two strokes of one drum up to 0.997."""


def recordings_of(features: Vectors, clips: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for each window, the number of the first clip of its recording.

    Clips that share a window are of one recording.

    Args:
        features: (n, dim), float32, L2-normalised, of a sound tower.
        clips: (n,), the clip of each window.

    Returns:
        (n,), int64.
    """
    recordings = clips.copy()
    for clip in np.unique(clips):
        alike = (features @ features[clips == clip].T).max(1) >= _SAME
        joined = np.unique(recordings[alike | (clips == clip)])
        recordings[np.isin(recordings, joined)] = joined[0]
    return recordings
