"""Embed one example of a concept: a picture, a video, a moment of a video, or a sound."""

from __future__ import annotations

import re
from pathlib import Path

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import InvalidQuery
from engine.query.embed import embed_picture, embed_sound, media_type, naming_file
from engine.types import Kind, PartKind
from engine.types.arrays import Vectors

_MOMENT = re.compile(r"(?P<path>.+)#t=(?P<seconds>\d+(?:\.\d+)?)")
"""A moment of a video, as a media fragment names it (W3C, 2012)."""


def embed_example(source: str, towers: Towers, settings: Settings) -> tuple[PartKind, Vectors]:
    """Return what an example is, and its unit vector (dim,) in the space of its sort.

    Raises:
        InvalidQuery: it cannot be read, or is no picture, video or sound.
    """
    moment = None if Path(source).exists() else _MOMENT.fullmatch(source)
    path = Path(moment["path"] if moment else source)
    with naming_file(source):
        kind = media_type(path).kind
        if kind is Kind.AUDIO:
            if moment:
                raise InvalidQuery(f"{source}: only a video has a moment with #t=")
            return PartKind.AUDIO, embed_sound(path, towers, settings)[towers.sounds.name]
        if moment is None:
            return PartKind.IMAGE, embed_picture(path, towers, settings)[towers.looks.name]
        if kind is not Kind.VIDEO:
            raise InvalidQuery(f"{source}: only a video has a moment with #t=")
        return PartKind.IMAGE, _embed_moment(path, float(moment["seconds"]), towers, settings)


def _embed_moment(path: Path, seconds: float, towers: Towers, settings: Settings) -> Vectors:
    """Embed the keyframe that a video shows at a time: the last one before it."""
    from engine.media.video import read_keyframes

    best = None
    for keyframe in read_keyframes(path, settings, towers.encoder.image_size):
        if best is not None and keyframe.start > seconds:
            break
        best = keyframe
    if best is None:
        raise InvalidQuery(f"{path} shows nothing")
    pixels = [towers.encoder.prepare_image(best.image)]
    vectors: Vectors = towers.encoder.embed_images(pixels).vectors[towers.looks.name][0]
    return vectors
