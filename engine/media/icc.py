"""Colour profiles (ICC): pictures that carry one, as sRGB.

Profiles that say sRGB in other words are passed over, so that ordinary pictures keep their
pixels bit for bit. LittleCMS does the rest, relative colorimetric with black point
compensation, as browsers do it. A profile that it cannot read, or that is made for other
pixels than the picture has, counts for nothing.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

_LARGEST_PROFILE = 4 * 2**20
"""Bytes past which a profile is no profile; those of printers have some 3 MB."""
_AS_GOOD_AS_SRGB = 2
"""Levels of 255 by which a transform must move some colour to be worth applying."""
_SPACES = {"RGB": ("RGB ",), "L": ("GRAY",), "CMYK": ("CMYK",), "LAB": ("Lab ",)}


def to_srgb(image: Image.Image, profile: object) -> Image.Image | None:
    """Return the picture of mode RGB, L or CMYK in sRGB; None where its pixels are right as is.

    Args:
        profile: the bytes of its ICC profile, as Pillow gives them.
    """
    if not isinstance(profile, bytes) or not 128 <= len(profile) <= _LARGEST_PROFILE:
        return None
    transform = _transform(profile, image.mode)
    if transform is None:
        return None
    from PIL import ImageCms

    try:
        return ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, ValueError, OSError):
        return None


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> Any:
    """Return LittleCMS' transform to sRGB, or None where there is none, or none is needed."""
    from PIL import ImageCms

    if mode not in _SPACES:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space not in _SPACES[mode]:
            return None
        transform = ImageCms.buildTransform(
            source,
            _srgb(),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return transform if _moves(transform, mode) else None
    except (ImageCms.PyCMSError, ValueError, OSError, TypeError, AttributeError):
        return None


@lru_cache(maxsize=1)
def _srgb() -> Any:
    from PIL import ImageCms

    return ImageCms.createProfile("sRGB")


def _moves(transform: Any, mode: str) -> bool:
    """Tell whether some colour of a grid becomes another than it would without a profile."""
    from PIL import ImageCms

    if mode == "CMYK":
        return True
    steps = np.linspace(0, 255, 9 if mode == "RGB" else 256).round().astype(np.uint8)
    if mode == "RGB":
        grid = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
    else:
        grid = steps[np.newaxis]
    image = Image.fromarray(grid)
    moved = np.asarray(ImageCms.applyTransform(image, transform), np.int16)
    plain = np.asarray(image.convert("RGB"), np.int16)
    return bool(np.abs(moved - plain).max() > _AS_GOOD_AS_SRGB)
