"""Shares of a video that are black, or in which nothing moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from engine.config import Settings
from engine.media.video import read_samples

_SIDE = 64
"""Pixels of the shortest side at which frames are compared."""
_BLACK = 0.1
"""Brightness, of 1, that the brightest hundredth of a black frame stays below."""
_STILL = 0.75
"""Levels, of 255, by which pixels differ on average that an encoder left alone."""


def measure(path: Path, settings: Settings) -> dict[str, float]:
    """Measure a video; returns a value by verdict, of a single frame only ``black``.

    Raises:
        MediaError: it cannot be read.
    """
    black = still = whole = 0.0
    last: tuple[float, np.ndarray] | None = None
    dark = False
    for time, image in read_samples(path, settings, _SIDE):
        grey = np.asarray(image.convert("L"), np.float32)
        if last is not None:
            length = time - last[0]
            whole += length
            black += length * dark
            still += length * (_difference(grey, last[1]) < _STILL)
        last, dark = (time, grey), is_black(image)
    if not whole:
        return {"black": float(dark)}
    return {"black": black / whole, "frozen": still / whole}


def is_black(image: Image.Image) -> bool:
    """Tell whether a frame is black."""
    return float(np.percentile(np.asarray(image, np.float32).max(axis=2), 99)) < 255 * _BLACK


def _difference(grey: np.ndarray, before: np.ndarray) -> float:
    return 255.0 if grey.shape != before.shape else float(np.abs(grey - before).mean())
