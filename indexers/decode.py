"""One file into a stream of prepared moments, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.types import Kind, MediaType
from indexers.audio import decode_audio
from indexers.decode_events import DecodeEvent
from indexers.image import decode_image
from indexers.video import decode_video

_Decoder: TypeAlias = Callable[[Path, Towers, Settings], Iterator[DecodeEvent]]
_DECODERS: dict[Kind, _Decoder] = {
    Kind.IMAGE: decode_image,
    Kind.VIDEO: decode_video,
    Kind.AUDIO: decode_audio,
}


def decode(
    path: Path, media: MediaType, towers: Towers, settings: Settings
) -> Iterator[DecodeEvent]:
    """Facts once, a prepared moment each, and a note per track that broke.

    Runs in the threads that decode. Memory is that of one moment, for a file of
    any length.

    Raises:
        MediaError: the file cannot be used.
        Exception: whatever a decoder ran into besides.
    """
    return _DECODERS[media.kind](path, towers, settings)
