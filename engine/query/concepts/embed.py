"""Embed one example of a concept: a picture, a video, a moment of a video, or a sound."""

from __future__ import annotations

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import InvalidQuery
from engine.query.embed import embed_picture, embed_sound
from engine.query.examples import local_file
from engine.query.prepare import media_type, naming_file
from engine.types import Kind, PartKind
from engine.types.arrays import Vectors


def embed_example(source: str, towers: Towers, settings: Settings) -> tuple[PartKind, Vectors]:
    """Return what an example is, and its unit vector (dim,) in the space of its sort.

    Raises:
        InvalidQuery: it cannot be read, or is no picture, video or sound.
    """
    file = local_file(source)
    with naming_file(source):
        kind = media_type(file.path).kind
        if file.start is not None and kind is not Kind.VIDEO:
            raise InvalidQuery(f"{source}: only a video has a moment with #t=")
        if file.region is not None and kind is Kind.AUDIO:
            raise InvalidQuery(f"{source}: a sound has no region")
        if kind is Kind.AUDIO:
            return PartKind.AUDIO, embed_sound(file, towers, settings)[towers.sounds.name]
        return PartKind.IMAGE, embed_picture(file, towers, settings)[towers.looks.name]
