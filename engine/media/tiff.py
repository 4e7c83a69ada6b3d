"""Uncompressed TIFFs that Pillow does not know: several channels of floats, planes.

Microscopes and numpy write such files. Only the plain layout is read, strips
without compression, because everything else that is common Pillow reads.
tifffile reads more, but allocates what a header promises (samples per pixel, sparse strips)
before it looks at the bytes; here a page costs no more memory than its strips hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from engine.config import Settings
from engine.errors import CorruptMedia, UnsupportedMedia
from engine.media.file_errors import check_pixels
from engine.media.rgb import to_grey

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIPS, _SAMPLES, _STRIP_SIZES, _PLANAR, _TILES, _FORMAT = 273, 277, 279, 284, 324, 339
_SEPARATE_PLANES = 2
_LETTERS = {1: "u", 2: "i", 3: "f"}
"""By SampleFormat: what numpy calls it."""


def is_tiff(stream: BinaryIO) -> bool:
    """Tell whether the file begins like a TIFF; leaves the position at its start."""
    stream.seek(0)
    head = stream.read(4)
    stream.seek(0)
    return head in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def plain_pages(stream: BinaryIO, settings: Settings) -> list[ImageFileDirectory_v2]:
    """Return the directories of all pages, none of them decoded.

    Raises:
        CorruptMedia: there is no page, or its directory lacks what every page has.
        UnsupportedMedia: compressed, tiled, or of samples that numpy lacks.
        MediaTooLarge: a page is past ``settings.max_pixels``.
    """
    pages = list(_directories(stream))
    if not pages:
        raise CorruptMedia("a TIFF without a page")
    for page in pages:
        if not {_WIDTH, _HEIGHT} <= set(page) or not {_STRIPS, _TILES} & set(page):
            raise CorruptMedia("a TIFF whose directory is damaged or cut off")
        check_pixels(page[_WIDTH], page[_HEIGHT], settings)
        if page.get(_COMPRESSION, 1) != 1 or _STRIPS not in page:
            raise UnsupportedMedia("a TIFF of a kind that Sensorium does not read")
        _dtype(page)
    return pages


def _directories(stream: BinaryIO) -> Iterator[ImageFileDirectory_v2]:
    header = stream.read(8)
    if header[2] == 43 or header[3] == 43:  # BigTIFF has 64-bit offsets
        header += stream.read(8)
    offset = ImageFileDirectory_v2(header).next
    seen: set[int] = set()
    while offset and offset not in seen:
        seen.add(offset)
        page = ImageFileDirectory_v2(header)
        stream.seek(offset)
        page.load(stream)
        yield page
        offset = page.next


def _dtype(page: ImageFileDirectory_v2) -> np.dtype[np.generic]:
    bits, formats = set(_values(page, _BITS, 1)), set(_values(page, _FORMAT, 1))
    order = "<" if page.prefix == b"II" else ">"
    if len(bits) == len(formats) == 1:
        letter, size = _LETTERS.get(formats.pop()), bits.pop()
        if letter and size % 8 == 0 and (letter != "f" or size > 8):
            with suppress(TypeError):
                return np.dtype(f"{order}{letter}{size // 8}")
    raise UnsupportedMedia("a TIFF of samples that Sensorium does not read")


def _values(page: ImageFileDirectory_v2, tag: int, default: int) -> tuple[int, ...]:
    value = page.get(tag, default)
    return value if isinstance(value, tuple) else (value,)


def decode(stream: BinaryIO, page: ImageFileDirectory_v2) -> Image.Image:
    """Decode the page to 8-bit grey, or RGB of its first three channels."""
    samples = _samples(stream, page)
    grey = to_grey(samples, integer=samples.dtype.kind != "f")
    if page.get(_PHOTOMETRIC) == 0:  # white is zero
        grey = 255 - grey
    return Image.fromarray(grey[..., :3] if grey.shape[2] > 2 else grey[..., 0])


def _samples(stream: BinaryIO, page: ImageFileDirectory_v2) -> NDArray[np.generic]:
    """Read all samples, (height, width, channels), in the type that they are stored in."""
    raw = bytearray()
    for offset, size in zip(_values(page, _STRIPS, 0), _values(page, _STRIP_SIZES, 0), strict=True):
        stream.seek(offset)
        raw += stream.read(size)
    height, width, channels = page[_HEIGHT], page[_WIDTH], page.get(_SAMPLES, 1)
    dtype = _dtype(page)
    if len(raw) < height * width * channels * dtype.itemsize:
        raise ValueError("image file is truncated")
    flat = np.frombuffer(raw, dtype, height * width * channels)
    if page.get(_PLANAR, 1) == _SEPARATE_PLANES:
        return np.moveaxis(flat.reshape(channels, height, width), 0, 2)
    return flat.reshape(height, width, channels)
