"""Whatever a file stores, as 8-bit sRGB over a background that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.media.alpha import over_background
from engine.media.hdr import ColourCode, to_sdr
from engine.media.icc import to_srgb

_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")
_GREY = ("1", "L", "LA", "La")
_DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
_STRIP = 1 << 22
"""Pixels that are converted at a time, where a large picture is reduced."""

Convert = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours that a file says its pixels have."""

    profile: object = None
    """The bytes of an ICC profile."""
    code: ColourCode | None = None


def to_rgb(image: Image.Image, min_side: int, colours: Colours | None = None) -> Image.Image:
    """Convert a loaded picture of any mode to sRGB, reduced to no less than ``min_side``.

    What is transparent becomes white, or dark where only that shows the content. Large
    pictures are converted and reduced in strips, so that none needs its memory twice.
    """
    if image.mode in _DEEP:
        reduced = _reduced(image, min_side, _deep_conversion(image))
        reduced = _as(reduced, "RGB") if reduced.mode == "L" else reduced
    elif image.mode in ("1", "L") and "transparency" not in image.info:
        # Of three channels that are alike one is averaged: a third of the time, and the same bits.
        reduced = _as(_reduced(image, min_side, lambda strip: _as(strip, "L")), "RGB")
    elif image.mode in _ALPHA or "transparency" in image.info:
        reduced = _reduced(image, min_side, lambda strip: _as(strip, "RGBA"))
    elif image.mode == "CMYK" and isinstance(colours and colours.profile, bytes):
        reduced = halve_down(image, min_side)
    else:
        reduced = _reduced(image, min_side, lambda strip: _as(strip, "RGB"))
    shown = _in_srgb(reduced, colours, grey=image.mode in _GREY + _DEEP) if colours else reduced
    return over_background(shown) if shown.mode == "RGBA" else _as(shown, "RGB")


def to_strip_mode(image: Image.Image) -> Image.Image:
    """Convert a strip of a picture of 8 bits to a mode whose blocks can be averaged."""
    clear = image.mode in _ALPHA or "transparency" in image.info
    return _as(image, "RGBA") if clear else image


def halve_down(image: Image.Image, min_side: int) -> Image.Image:
    """Average whole blocks of pixels, as far as the shortest side stays at ``min_side``."""
    factor = min(image.size) // max(min_side, 1)
    return image.reduce(factor) if factor > 1 else image


def _as(image: Image.Image, mode: str) -> Image.Image:
    """Convert only where the mode is another: Pillow copies all pixels even where it is not."""
    if image.mode == mode and "transparency" not in image.info:
        return image
    return image.convert(mode)


def _reduced(image: Image.Image, min_side: int, convert: Convert) -> Image.Image:
    """Convert and reduce, in strips of whole blocks where the picture is large."""
    factor = min(image.size) // max(min_side, 1)
    if factor <= 1 or image.width * image.height <= _STRIP:
        return halve_down(convert(image), min_side)
    step = max(1, _STRIP // image.width // factor) * factor
    whole: Image.Image | None = None
    for top in range(0, image.height, step):
        strip = image.crop((0, top, image.width, min(top + step, image.height)))
        part = convert(strip).reduce(factor)
        if whole is None:
            size = (-(-image.width // factor), -(-image.height // factor))
            whole = Image.new(part.mode, size)
        whole.paste(part, (0, top // factor))
    assert whole is not None
    return whole


def _in_srgb(image: Image.Image, colours: Colours, *, grey: bool) -> Image.Image:
    """Apply the colour code of a file, or else its profile, to RGB, RGBA or CMYK."""
    if colours.code is None and colours.profile is None:
        return image
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    plain = image.convert("RGB") if alpha is not None else image
    if colours.code is not None and not colours.code.is_ordinary:
        shown: Image.Image | None = to_sdr(_as(plain, "RGB"), colours.code)
    else:
        shown = to_srgb(plain, colours.profile)
        if shown is None and grey:
            shown = to_srgb(plain.getchannel(0), colours.profile)
    if shown is None:
        return image
    if alpha is not None:
        shown.putalpha(alpha)
    return shown


def _deep_conversion(image: Image.Image) -> Convert:
    """Return the conversion of a picture of more than 8 bits to L, or to RGBA."""
    spread = Spread.of_image(image)
    clear = image.info.get("transparency")

    def convert(strip: Image.Image) -> Image.Image:
        samples = np.asarray(strip)
        grey = Image.fromarray(spread.to_grey(samples))
        if not isinstance(clear, int):
            return grey
        opaque = Image.fromarray(np.where(samples == clear, 0, 255).astype(np.uint8))
        return Image.merge("LA", (grey, opaque)).convert("RGBA")

    return convert


@dataclass(frozen=True, slots=True)
class Spread:
    """The range that samples of more than 8 bits are meant for.

    Integers span 16 bits unless they are bytes. Floats mostly span 1, 8 bits or
    16 bits. Numbers past all of these are measurements rather than brightness
    and are stretched from their least to their greatest.
    """

    low: float
    high: float

    @classmethod
    def between(cls, low: float, high: float, *, integer: bool) -> Spread:
        """Return the range for samples whose least and greatest are these."""
        whites = (65535.0,) if integer else (1.0, 255.0, 65535.0)
        white = next((white for white in whites if low >= 0 and high <= white), None)
        return cls(low, high) if white is None else cls(0.0, white)

    @classmethod
    def of_image(cls, image: Image.Image) -> Spread:
        """Return the range of a picture of mode I, F or I;16, looked at in strips."""
        rows = max(1, _STRIP // max(1, image.width))
        low, high = np.inf, -np.inf
        for top in range(0, image.height, rows):
            strip = image.crop((0, top, image.width, min(top + rows, image.height)))
            numbers = _numbers(np.asarray(strip))
            low, high = min(low, float(numbers.min())), max(high, float(numbers.max()))
        return cls.between(low, high, integer=image.mode != "F")

    def to_grey(self, samples: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Return the samples as 8 bits."""
        scale = 255 / max(self.high - self.low, 1e-6)
        scaled = (_numbers(samples) - self.low) * scale + 0.5
        grey: NDArray[np.uint8] = np.clip(scaled, 0, 255).astype(np.uint8)
        return grey


def _numbers(samples: NDArray[np.generic]) -> NDArray[np.float32]:
    numbers = samples.astype(np.float32)
    if samples.dtype.kind == "f":  # integers are all finite
        np.nan_to_num(numbers, copy=False, posinf=0.0, neginf=0.0)
    return numbers


def to_grey(samples: NDArray[np.generic], *, integer: bool) -> NDArray[np.uint8]:
    """Return samples of any depth as 8 bits, by the range that they are meant for."""
    if samples.dtype == np.uint8:
        return samples.astype(np.uint8)
    numbers = _numbers(samples)
    low, high = float(numbers.min()), float(numbers.max())
    return Spread.between(low, high, integer=integer).to_grey(samples)
