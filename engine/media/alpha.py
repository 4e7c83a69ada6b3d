"""Pictures with transparency over the background that shows what is in them.

That is white, as on paper and in most viewers, unless what borders on the transparent is
itself as good as white: a white logo on nothing would be a blank picture. Then it is black,
or grey where black would hide as much.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

_WHITE, _BLACK, _GREY = 255, 0, 128
_CONTRAST = 32
"""Levels of 255 by which some channel must differ from a background to be seen on it."""
_LOST = 0.5
"""Part of what borders on the transparent that may be lost on white."""
_SHOWN = 0.5
"""Part of all that is visible that shows on white, from which white is kept anyhow."""
_BORDER = 5
"""Pixels, in both directions together, within which something borders on the transparent."""
_LARGEST = 512
"""Pixels of the longest side of the copy that is looked at."""


def over_background(rgba: Image.Image) -> Image.Image:
    """Return a picture of mode RGBA over white, or over what contrasts where white does not."""
    alpha = rgba.getchannel("A")
    level = background(rgba) if alpha.getextrema() != (255, 255) else _WHITE
    below = Image.new("RGB", rgba.size, (level, level, level))
    below.paste(rgba, mask=alpha)
    return below


def background(rgba: Image.Image) -> int:
    """Return the level of grey, 0 to 255, that a picture of mode RGBA is shown over."""
    small = rgba
    if max(rgba.size) > _LARGEST:
        small = rgba.copy()
        small.thumbnail((_LARGEST, _LARGEST), Image.Resampling.NEAREST)
    pixels = np.asarray(small, np.int16)
    weight = pixels[..., 3].astype(np.float32) / np.float32(255)
    if not weight.any():
        return _WHITE
    border = _border(small.getchannel("A")) * weight
    edge = border if border.any() else weight
    if _lost(pixels, edge, _WHITE) <= _LOST or _lost(pixels, weight, _WHITE) < 1 - _SHOWN:
        return _WHITE
    return min((_BLACK, _GREY), key=lambda level: _lost(pixels, edge, level))


def _border(alpha: Image.Image) -> NDArray[np.float32]:
    """Return 1 where something transparent is near, else 0."""
    lowest = alpha.filter(ImageFilter.MinFilter(_BORDER))
    near: NDArray[np.float32] = (np.asarray(lowest) < 128).astype(np.float32)
    return near


def _lost(pixels: NDArray[np.int16], weight: NDArray[np.float32], level: int) -> float:
    """Return the part of the weighted pixels that cannot be told from a background."""
    hidden = np.abs(pixels[..., :3] - level).max(axis=-1) < _CONTRAST
    return float((weight * hidden).sum() / weight.sum())
