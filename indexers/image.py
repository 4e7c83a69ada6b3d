"""A picture, an animation or a TIFF into moments: one per frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.media.image import read_frames
from engine.types import Modality, Moment
from indexers.pieces import Facts, Piece, Prepared, Tower


def decode_image(path: Path, towers: Towers, settings: Settings) -> Iterator[Piece]:
    """Every frame prepared; the first one says what the asset's facts are."""
    encoder = towers.encoder
    first = True
    for frame in read_frames(path, settings, encoder.image_size):
        if first:
            yield Facts(width=frame.width, height=frame.height, taken_at=frame.taken_at)
            first = False
        moment = Moment(Modality.IMAGE, ordinal=frame.ordinal)
        yield Prepared(moment, Tower.PICTURE, encoder.prepare_image(frame.image))
