"""Everything that a package with an encoder of its own imports, and the list of encoders.

docs/encoders.md shows a whole encoder. ``Encoder`` is a protocol: a class needs no base.
"""

from __future__ import annotations

from engine.encoders.available import offered as available
from engine.encoders.offered import Offered
from engine.encoders.protocols import (
    Embedded,
    Encoder,
    Fetched,
    Heard,
    Logits,
    Pixels,
    ScreenBridge,
    Sentence,
    SoundBridge,
    Spectrogram,
    SpeechBridge,
)
from engine.encoders.revisions import revision_of
from engine.encoders.towers import Towers
from engine.errors import EncoderUnavailable
from engine.types import Modality, Space, Tag
from engine.types.arrays import Vectors, Waveform

__all__ = [
    "Embedded",
    "Encoder",
    "EncoderUnavailable",
    "Fetched",
    "Heard",
    "Logits",
    "Modality",
    "Offered",
    "Pixels",
    "ScreenBridge",
    "Sentence",
    "SoundBridge",
    "Space",
    "Spectrogram",
    "SpeechBridge",
    "Tag",
    "Towers",
    "Vectors",
    "Waveform",
    "available",
    "revision_of",
]
