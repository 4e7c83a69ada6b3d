"""One file into a stream of prepared moments, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.types import Kind, MediaType
from indexers.audio import decode_audio
from indexers.decode_events import DecodeEvent, Facts, Prepared
from indexers.image import decode_image
from indexers.video import decode_video

_OVERSHOOT = 0.5
"""Seconds by which sound may outlast a header: padding of codecs and of their last frame."""

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

    No moment reaches past the end of its asset: what decodes to a little more than the
    header says is cut there, and where it is much more, the facts come again at the end,
    with the length that there is.

    Raises:
        MediaError: the file cannot be used.
        Exception: whatever a decoder ran into besides.
    """
    facts = Facts()
    longest = 0.0
    for event in _DECODERS[media.kind](path, towers, settings):
        if isinstance(event, Facts):
            facts = event
        elif isinstance(event, Prepared) and facts.duration is not None:
            event = _within(event, facts.duration)
            longest = max(longest, event.moment.end or 0.0)
        yield event
    if facts.duration is not None and longest > facts.duration:
        yield replace(facts, duration=longest)


def _within(prepared: Prepared, duration: float) -> Prepared:
    """Cut a moment at the end of its asset, unless the header is the one that is wrong."""
    moment = prepared.moment
    if moment.start is None or moment.end is None:
        return prepared
    if moment.start < duration < moment.end <= duration + _OVERSHOOT:
        return replace(prepared, moment=replace(moment, end=duration))
    return prepared
