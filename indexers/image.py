"""A picture, an animation or a TIFF into moments: one per frame."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import CorruptMedia
from engine.media.image import read_frames
from engine.types import Modality, Moment
from indexers.decode_events import DecodeEvent, Facts, Note
from indexers.screen import pictures


def decode_image(path: Path, towers: Towers, settings: Settings) -> Iterator[DecodeEvent]:
    """Yield every frame prepared; the asset's facts are those of the first one."""
    frames = read_frames(path, settings, towers.image_size)
    if first := next(frames, None):
        metadata = (first.taken_at, first.place, first.caption)
        yield Facts(first.width, first.height, None, *metadata)
        shown = chain([first], frames)
        if first.note is not None:
            yield Note(first.note, CorruptMedia.code)
        moments = ((f.image, Moment(Modality.IMAGE, ordinal=f.ordinal)) for f in shown)
        yield from pictures(moments, towers)
