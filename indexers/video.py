"""A video into moments: a keyframe per shot, and the video's own sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.media.video import probe_video, read_keyframes
from engine.types import Modality, Moment
from indexers.audio import soundtrack
from indexers.pieces import Facts, Piece, Prepared, Tower
from indexers.tracks import either


def decode_video(path: Path, towers: Towers, settings: Settings) -> Iterator[Piece]:
    """The file's facts, its keyframes, and what is heard in it."""
    info = probe_video(path)
    yield Facts(info.width, info.height, info.duration, info.taken_at)
    heard = soundtrack(path, towers, settings) if info.has_audio else {}
    yield from either({"pictures": _keyframes(path, towers, settings), **heard})


def _keyframes(path: Path, towers: Towers, settings: Settings) -> Iterator[Prepared]:
    encoder = towers.encoder
    for frame in read_keyframes(path, settings, encoder.image_size):
        moment = Moment(Modality.KEYFRAME, frame.start, frame.end)
        yield Prepared(moment, Tower.PICTURE, encoder.prepare_image(frame.image))
