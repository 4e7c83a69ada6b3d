"""Blur, light, contrast, size, shape and banding of a picture.

Brightness is as eyes weigh it, and its limits are those of cleanvision (2022), whose blur
is the spread of edges in a picture of 64 pixels; here blur is what Crete et al. (2007)
measure at some 400: how little of the differences between neighbours is lost when the
picture is blurred once more. That does not depend on how much there is to see.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.config import Settings
from engine.media.image import read_frames

Grey = NDArray[np.float32]
"""Brightness in [0, 255], (height, width)."""

_SIDE = 384
"""Pixels of the shortest side at which blur is measured."""
_WEIGHTS = np.array([0.241, 0.691, 0.068], np.float32)
_BLUR = 9
"""Pixels over which the second blur averages."""
_FINEST, _WIDEST = 4.0, 20.0
"""Levels between the teeth of a comb: finer steps nobody sees, and the half of a coarser
comb is one as well."""
_NARROW = 0.35
"""Widest period of a comb, in deviations of the histogram, whose own humps are wider."""
_TEETH, _INHABITED = 5, 0.01
"""Teeth that a comb must have, each with this share of the picture: drawings have a few
colours, at any distance."""
_BETWEEN = 0.02
"""Share of the pixels that must lie between black and white for steps to be seen."""


_FLAT, _SHARP, _STEP = 0.75, 0.003, 40
"""Shares of pixels that are just like the two beside them, and that differ by more than a step
of levels, from which a picture is a drawing. Set by 340 icons, plots, and slides, logos and
windows of our own, against 150 photographs and what is made of them by each fault: of
photographs 98 in 100 have less than 0.2 of the first, of those that are too bright, dark or flat
none has any of the second."""


def measure(path: Path, settings: Settings) -> dict[str, float]:
    """Measure a picture, or the first of its frames; returns a value by verdict.

    Raises:
        MediaError: it cannot be read.
    """
    frame = next(iter(read_frames(path, settings, _SIDE)))
    short, long = sorted((frame.width, frame.height))
    return {"tiny": float(short), "elongated": short / long} | of_pixels(frame.image)


def of_pixels(image: Image.Image) -> dict[str, float]:
    """Measure the pixels of an RGB picture; returns a value by verdict."""
    pixels = np.asarray(image, np.float32)
    bright = np.sqrt((pixels * pixels) @ _WEIGHTS)
    dark = np.percentile(bright, 5) / 255
    # By its strongest channel: the eye's weights make of a vivid blue a dark and flat picture.
    low, high = np.percentile(pixels.reshape(-1, 3), [1, 99], axis=0) / 255
    grey_low, grey_high = np.percentile(bright, [1, 99]) / 255
    contrast = max(float((high - low).max()), float(grey_high - grey_low))
    found = {"drawing": float(is_drawing(np.asarray(image)))}
    found |= {"dark": float(high.max()), "bright": float(dark), "flat": contrast}
    steps = banding(np.asarray(image))
    blurred = blur(np.asarray(_reduced(image).convert("L"), np.float32))
    return found | {
        name: value
        for name, value in (("banded", steps), ("blurred", blurred))
        if value is not None
    }


def is_drawing(pixels: NDArray[np.uint8]) -> bool:
    """Tell whether RGB pixels are a screenshot, a slide, a logo or another drawing.

    It has areas of one colour with sharp edges between them, which no photograph has.
    """
    levels = pixels.astype(np.int16)
    if min(levels.shape[:2]) < 2:
        return False
    right = np.abs(np.diff(levels, axis=1)).max(axis=2)[:-1]
    below = np.abs(np.diff(levels, axis=0)).max(axis=2)[:, :-1]
    steps = np.maximum(right, below)
    return bool((steps == 0).mean() >= _FLAT and (steps > _STEP).mean() >= _SHARP)


def _reduced(image: Image.Image) -> Image.Image:
    scale = _SIDE / min(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BOX)


def blur(grey: Grey) -> float | None:
    """Measure blur, 0 to 1; None where a picture has no edges, or is too small.

    Crete et al.: The blur effect: perception and estimation with a new no-reference
    perceptual blur metric, 2007.
    """
    if min(grey.shape) <= _BLUR:
        return None
    along = [_blur_along(grey), _blur_along(grey.T)]
    known = [value for value in along if value is not None]
    return max(known) if known else None


def _blur_along(grey: Grey) -> float | None:
    """Measure blur by differences down the columns."""
    sums = np.cumsum(np.pad(grey, ((1, 0), (0, 0))), axis=0, dtype=np.float64)
    softer = (sums[_BLUR:] - sums[:-_BLUR]) / _BLUR
    inside = grey[_BLUR // 2 : _BLUR // 2 + len(softer)]
    sharp = np.abs(np.diff(inside, axis=0))
    lost = np.maximum(sharp - np.abs(np.diff(softer, axis=0)), 0)
    whole = float(sharp.sum(dtype=np.float64))
    # Less than a tenth of a level a pixel is rounding.
    return None if whole < 0.1 * sharp.size else 1 - float(lost.sum()) / whole


def banding(pixels: NDArray[np.uint8]) -> float | None:
    """Measure how closely the levels of a picture (height, width, 3) keep to a grid, 0 to 1.

    It is None where there are too few levels to tell.

    What has been cut down to a few levels, or had few of them stretched, has its histogram
    on a comb: all levels have nearly the same phase in its period, so that the mean of
    those phases as unit vectors is long. In a photograph it is close to nothing.
    """
    found = [
        _comb(np.bincount(channel.reshape(-1), minlength=256))
        for channel in np.moveaxis(pixels, 2, 0)
    ]
    known = [value for value in found if value is not None]
    return float(np.mean(known)) if known else None


def _comb(counts: NDArray[np.int64]) -> float | None:
    """Return the longest mean phase of a histogram (256,) over the periods it could have.

    The ends do not count: what lies on white, or is cut out and put on it, has most of its
    pixels there, in phase with any comb. So had 12 of 76 pieces of clip art and screenshots.
    """
    levels = np.arange(1, 255)
    between = counts[1:255]
    if between.sum() < max(_BETWEEN * counts.sum(), 1):
        return None
    share = between / between.sum()
    mean = share @ levels
    widest = min(_WIDEST, _NARROW * float(np.sqrt(share @ (levels - mean) ** 2)))
    best = None
    for period in np.arange(_FINEST, widest, 0.25):
        phases = share @ np.exp(2j * np.pi * levels / period)
        teeth = np.floor(levels / period - np.angle(phases) / (2 * np.pi) + 0.5).astype(int)
        inhabited = np.bincount(teeth - teeth.min(), share) > _INHABITED
        if inhabited.sum() >= _TEETH:
            best = max(best or 0.0, float(abs(phases)))
    return best
