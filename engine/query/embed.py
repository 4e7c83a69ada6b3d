"""The query's own vectors: its texts, its example picture, its example sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import EmptyMedia, InvalidQuery, MediaError, PathNotFound, UnsupportedMedia
from engine.types import Branch, Kind, MediaType, Plan, Query, Vectors

_EXAMPLE_WINDOWS = 6
"""How much of an example sound is listened to, in windows."""
_EXAMPLE_FRAMES = 8
"""How many keyframes stand for an example video."""


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """Unit vectors (dim,): of texts by their words, of examples by name and space."""

    texts: Mapping[str, Vectors]
    examples: Mapping[tuple[str, str], Vectors]

    def of(self, branch: Branch) -> Vectors:
        """The vector that a branch searches with."""
        if branch.term is not None:
            return self.texts[branch.term]
        return self.examples[branch.name, branch.space or ""]


def embed_query(plan: Plan, towers: Towers, settings: Settings) -> QueryVectors:
    """Embed all that the plan's branches search with, texts in one batch."""
    texts = sorted({b.term for b in plan.branches if b.space and b.term is not None})
    vectors = towers.encoder.embed_texts(texts) if texts else ()
    examples: dict[tuple[str, str], Vectors] = {}
    query = plan.query
    for name, path, embed in (
        ("image", query.image, embed_picture),
        ("audio", query.audio, embed_sound),
    ):
        if path is not None:
            embedded = embed(Path(path), towers, settings)
            examples |= {(name, space): vector for space, vector in embedded.items()}
    return QueryVectors(dict(zip(texts, vectors, strict=True)), examples)


def embed_picture(path: Path, towers: Towers, settings: Settings) -> dict[str, Vectors]:
    """The vectors of a picture, or the mean ones of a video's first keyframes, by space.

    Raises:
        InvalidQuery: there is no such file, or it is neither picture nor video.
    """
    with _naming(path):
        images = list(islice(_pictures(path, towers.encoder.image_size, settings), _EXAMPLE_FRAMES))
    embedded = towers.encoder.embed_images([towers.encoder.prepare_image(i) for i in images])
    return {space: _mean_direction(rows) for space, rows in embedded.vectors.items()}


def _pictures(path: Path, side: int, settings: Settings) -> Iterator[Image.Image]:
    """The picture that a file is, or the keyframes that a video has."""
    if _media_type(path).kind is Kind.VIDEO:
        from engine.media.video import read_keyframes

        yield from (keyframe.image for keyframe in read_keyframes(path, settings, side))
    else:
        from engine.media.image import read_frames

        yield next(iter(read_frames(path, settings, side))).image


def embed_sound(path: Path, towers: Towers, settings: Settings) -> dict[str, Vectors]:
    """The mean vectors of a sound's first minute, by space.

    Raises:
        InvalidQuery: there is no such file, or nothing is to be heard in it.
    """
    from engine.media.audio import read_windows

    with _naming(path):
        _media_type(path)
        chunks = islice(read_windows(path, settings, towers.sound.rate), _EXAMPLE_WINDOWS)
        windows = [towers.sound.prepare(chunk.samples) for chunk in chunks]
        if not windows:
            raise EmptyMedia("nothing but silence")
    embedded = towers.embed_sounds(windows)
    return {space: _mean_direction(rows) for space, rows in embedded.vectors.items()}


def _mean_direction(rows: Vectors) -> Vectors:
    mean = rows.mean(axis=0)
    unit: Vectors = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return unit


def example_of(path: Path) -> Query:
    """The query that asks for what is like a file, by what the file is."""
    with _naming(path):
        kind = _media_type(path).kind
    return Query(audio=str(path)) if kind is Kind.AUDIO else Query(image=str(path))


def _media_type(path: Path) -> MediaType:
    from engine.media.sniff import sniff

    if not path.is_file():
        raise PathNotFound("there is no such file")
    media = sniff(path)
    if media is None:
        raise UnsupportedMedia("neither a picture, a video nor a sound")
    return media


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the file's name before what is wrong with it; an example is an argument,
    so that a bad one is a mistake of the request."""
    try:
        yield
    except (MediaError, PathNotFound) as error:
        raise InvalidQuery(f"{path}: {error}") from error
