"""MP3 and ADTS have no magic number: frames that follow one another give them away."""

from __future__ import annotations

import re
from collections.abc import Callable

_SEARCHED = 4096
"""Bytes of junk that may precede the first frame."""
_ENOUGH = 3
_MPEG1_LAYER3 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG1_LAYER2 = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_MPEG2_LAYER23 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""By the two bits of the version: MPEG 1, 2 and 2.5."""


def framed_audio(body: bytes) -> str | None:
    """``mp3`` or ``aac`` where a chain of whole frames begins near the start."""
    for match in re.finditer(rb"\xff[\xe0-\xff]", body[:_SEARCHED]):
        for name, length in (("aac", _adts_length), ("mp3", _mpeg_length)):
            if _chained(body, match.start(), length):
                return name
    return None


def _chained(body: bytes, start: int, length: Callable[[bytes], int]) -> bool:
    """Tell whether enough frames follow one another, or whole ones up to the very end."""
    at, count = start, 0
    while count < _ENOUGH and (size := length(body[at : at + 6])):
        at, count = at + size, count + 1
        if at == len(body):
            return start == 0 or count > 1
    return count == _ENOUGH


def _adts_length(header: bytes) -> int:
    """Bytes of the ADTS frame, 0 where this is none."""
    if len(header) < 6 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    if header[2] >> 2 & 0xF > 12:  # no such sampling rate
        return 0
    size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return size if size > 7 else 0


def _mpeg_length(header: bytes) -> int:
    """Bytes of the MPEG audio frame of layer II or III, 0 where this is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer not in (2, 3) or bitrate in (0, 15) or rate == 3:
        return 0
    mpeg1 = _MPEG1_LAYER3 if layer == 3 else _MPEG1_LAYER2
    rates = mpeg1 if version == 3 else _MPEG2_LAYER23
    samples = 576 if version != 3 and layer == 3 else 1152
    padding = header[2] >> 1 & 1
    return samples * 125 * rates[bitrate] // _RATES[version][rate] + padding
