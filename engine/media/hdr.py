"""High dynamic range as an ordinary screen shows it: PQ and HLG to sRGB.

Light is decoded by the transfer functions of ITU-R BT.2100 (PQ; HLG with the OOTF of a
display of 1000 nits), and reference white, 203 nits (ITU-R BT.2408), becomes white. What is
brighter is compressed by the EETF of ITU-R BT.2390-10, section 5.4.1, from the brightest
light of the picture; it is applied to the greatest of the three components, so that hues
stay. Primaries are converted in linear light, and what lies outside of BT.709 is clipped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_PQ, _HLG = 16, 18
"""Transfer characteristics by ITU-T H.273."""
_BT2020, _P3 = 9, 12
"""Colour primaries by ITU-T H.273."""
_REFERENCE_WHITE = 203.0
"""Nits that diffuse white has (BT.2408)."""
_PEAK = 10_000.0
_HLG_PEAK = 1_000.0
_HLG_GAMMA = 1.2
_SRGB_KNEE = 0.04045
_BRIGHTEST = 99.9
"""Percentile of the pixels that counts as the brightest: single ones may be noise."""
_BLOCK = 1 << 18
"""Pixels that are computed at a time, in float32."""
_HEAD = 64 * 1024

Floats = NDArray[np.float32]

_TO_BT709 = {
    _BT2020: (
        (1.660491, -0.587641, -0.072850),
        (-0.124550, 1.132900, -0.008349),
        (-0.018151, -0.100579, 1.118730),
    ),
    _P3: (
        (1.224940, -0.224940, 0.0),
        (-0.042057, 1.042057, 0.0),
        (-0.019638, -0.078636, 1.098274),
    ),
}
"""Matrices from linear light of other primaries to that of BT.709."""


@dataclass(frozen=True, slots=True)
class ColourCode:
    """The colours that a file says it has, by the numbers of ITU-T H.273."""

    primaries: int
    transfer: int

    @property
    def is_hdr(self) -> bool:
        """True for PQ and HLG."""
        return self.transfer in (_PQ, _HLG)

    @property
    def is_ordinary(self) -> bool:
        """True where the pixels can be shown as they are."""
        return not self.is_hdr and self.primaries not in _TO_BT709


def colours_of_picture(head: bytes) -> ColourCode | None:
    """Return what an AVIF, HEIC or PNG says of its colours in its first bytes; None for nothing.

    AVIF and HEIC have a ``colr`` box, PNG a ``cICP`` chunk.
    """
    head = head[:_HEAD]
    if head.startswith(b"\x89PNG"):
        at = head.find(b"\0\0\0\4cICP")
        code = head[at + 8 : at + 10] if at > 0 else b""
        return ColourCode(code[0], code[1]) if len(code) == 2 else None
    at = head.find(b"colrnclx") if head[4:8] == b"ftyp" else -1
    numbers = head[at + 8 : at + 12] if at > 0 else b""
    if len(numbers) < 4:
        return None
    return ColourCode(int.from_bytes(numbers[:2], "big"), int.from_bytes(numbers[2:], "big"))


def to_sdr(image: Image.Image, colours: ColourCode) -> Image.Image:
    """Return a picture of mode RGB, of 8 bits a channel, as sRGB shows it."""
    samples = np.asarray(image)
    return Image.fromarray(tone_mapped(samples, 255, colours))


def tone_mapped(samples: NDArray[np.generic], white: int, colours: ColourCode) -> NDArray[np.uint8]:
    """Return the samples, (height, width, 3), as 8-bit sRGB.

    Args:
        white: the sample that stands for 1: 255, or 65535.
    """
    flat = samples.reshape(-1, 3)
    out = np.empty(flat.shape, np.uint8)
    blocks = [slice(at, at + _BLOCK) for at in range(0, len(flat), _BLOCK)]
    peak = _brightest(flat, white, colours) if colours.is_hdr else 1.0
    for block in blocks:
        light = _linear(flat[block].astype(np.float32) / np.float32(white), colours)
        if colours.is_hdr and peak > 1:
            light *= _compression(light.max(axis=1, keepdims=True), peak)
        matrix = _TO_BT709.get(colours.primaries)
        if matrix is not None:
            light = light @ np.array(matrix, np.float32).T
        out[block] = np.rint(_srgb_encoded(np.clip(light, 0, 1)) * 255).astype(np.uint8)
    return out.reshape(samples.shape)


def _brightest(flat: NDArray[np.generic], white: int, colours: ColourCode) -> float:
    """Return the brightest light of a picture, of which reference white is 1."""
    step = max(1, len(flat) // _BLOCK)
    light = _linear(flat[::step].astype(np.float32) / np.float32(white), colours).max(axis=1)
    return float(np.percentile(light, _BRIGHTEST))


def _linear(signal: Floats, colours: ColourCode) -> Floats:
    """Return displayed light, of which reference white is 1."""
    if colours.transfer == _PQ:
        return _pq_to_nits(signal) / np.float32(_REFERENCE_WHITE)
    if colours.transfer == _HLG:
        return _hlg_to_nits(signal) / np.float32(_REFERENCE_WHITE)
    low, high = signal / 12.92, np.power((signal + 0.055) / 1.055, 2.4)
    light: Floats = np.where(signal <= _SRGB_KNEE, low, high).astype(np.float32)
    return light  # of ordinary range and wide colours: greys stay what they are


_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_to_nits(signal: Floats) -> Floats:
    root = np.power(np.clip(signal, 0, 1), 1 / _M2)
    light = np.maximum(root - _C1, 0) / (_C2 - _C3 * root)
    nits: Floats = (_PEAK * np.power(light, 1 / _M1)).astype(np.float32)
    return nits


def _nits_to_pq(nits: Floats) -> Floats:
    powered = np.power(np.clip(nits / _PEAK, 0, 1), _M1)
    signal: Floats = np.power((_C1 + _C2 * powered) / (1 + _C3 * powered), _M2).astype(np.float32)
    return signal


def _hlg_to_nits(signal: Floats) -> Floats:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = scene @ np.array((0.2627, 0.6780, 0.0593), np.float32)
    gain = np.power(np.maximum(luminance, 1e-6), _HLG_GAMMA - 1)
    nits: Floats = (_HLG_PEAK * scene * gain[:, np.newaxis]).astype(np.float32)
    return nits


def _compression(light: Floats, peak: float) -> Floats:
    """Return by what each light, of which reference white is 1, is multiplied (BT.2390 EETF)."""
    top = _nits_to_pq(np.asarray(peak * _REFERENCE_WHITE, np.float32))
    signal = np.minimum(_nits_to_pq(light * np.float32(_REFERENCE_WHITE)) / top, 1)
    most = float(_nits_to_pq(np.asarray(_REFERENCE_WHITE, np.float32)) / top)
    knee = 1.5 * most - 0.5
    t = np.clip((signal - knee) / (1 - knee), 0, 1)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (-2 * t**3 + 3 * t**2) * most
    )
    mapped = np.where(signal < knee, signal, spline) * top
    shown = _pq_to_nits(mapped.astype(np.float32)) / np.float32(_REFERENCE_WHITE)
    gain: Floats = np.where(light > 1e-6, shown / np.maximum(light, 1e-6), 1.0).astype(np.float32)
    return gain


def _srgb_encoded(light: Floats) -> Floats:
    low = light * 12.92
    high = 1.055 * np.power(light, 1 / 2.4) - 0.055
    encoded: Floats = np.where(light <= 0.0031308, low, high).astype(np.float32)
    return encoded
