"""Whatever a file stores, as 8-bit RGB over white."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")
_DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")


def to_rgb(image: Image.Image, min_side: int) -> Image.Image:
    """Convert a loaded picture of any mode to RGB; what is transparent becomes white.

    Large pictures with transparency are reduced first, to no less than
    ``min_side``, since the blending would need twice their memory once more.
    """
    if image.mode in _DEEP:
        return _from_deep(image).convert("RGB")
    if image.mode in _ALPHA or "transparency" in image.info:
        return _over_white(halve_down(image.convert("RGBA"), min_side))
    return image if image.mode == "RGB" else image.convert("RGB")


def halve_down(image: Image.Image, min_side: int) -> Image.Image:
    """Average whole blocks of pixels, as far as the shortest side stays at ``min_side``."""
    factor = min(image.size) // max(min_side, 1)
    return image.reduce(factor) if factor > 1 else image


def _over_white(rgba: Image.Image) -> Image.Image:
    white = Image.new("RGB", rgba.size, (255, 255, 255))
    white.paste(rgba, mask=rgba.getchannel("A"))
    return white


def _from_deep(image: Image.Image) -> Image.Image:
    """Convert a picture of more than 8 bits to 8-bit grey."""
    return Image.fromarray(to_grey(np.asarray(image), integer=image.mode != "F"))


def to_grey(samples: NDArray[np.generic], *, integer: bool) -> NDArray[np.uint8]:
    """Samples of any depth as 8 bits, by the range that they are meant for.

    Integers span 16 bits unless they are bytes. Floats mostly span 1, 8 bits or
    16 bits. Numbers past all of these are measurements rather than brightness
    and are stretched from their least to their greatest.
    """
    if samples.dtype == np.uint8:
        return samples.astype(np.uint8)
    numbers = np.nan_to_num(samples.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = float(numbers.min()), float(numbers.max())
    whites = (65535.0,) if integer else (1.0, 255.0, 65535.0)
    white = next((white for white in whites if low >= 0 and high <= white), None)
    if white is not None:
        low, high = 0.0, white
    scale = 255 / max(high - low, 1e-6)
    grey: NDArray[np.uint8] = np.clip((numbers - low) * scale + 0.5, 0, 255).astype(np.uint8)
    return grey
