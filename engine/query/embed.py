"""The query's own vectors: its texts, its example picture, its example sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from engine.common.user_path import near_name
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import EmptyMedia, InvalidQuery, MediaError, PathNotFound
from engine.query.text_cache import TextCache
from engine.types import Branch, Kind, MediaType, PartKind, Plan
from engine.types.arrays import Vectors

if TYPE_CHECKING:
    from engine.media.audio import Chunk

_EXAMPLE_WINDOWS = 6
"""The windows of an example sound that are embedded."""
_EXAMPLE_FRAMES = 8
"""The keyframes that stand for an example video."""
_SAME_TIME = 1e-3
"""Seconds by which a time that was written down may be off."""


@dataclass(frozen=True, slots=True)
class ExampleFile:
    """A file that is an example, or the moment of it from ``start`` to ``end`` seconds."""

    path: Path
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """Unit vectors (dim,) of a query's parts, by space."""

    parts: Mapping[tuple[PartKind, str], Mapping[str, Vectors]]

    def for_branch(self, branch: Branch) -> Vectors:
        """Return the vector (dim,) that a branch searches with.

        It is that of its part, or one that is composed of several by their weights.
        """
        space = branch.space or ""
        rows = [self.parts[part.asked, part.value][space] for part in branch.parts]
        if len(rows) == 1:
            return rows[0]
        weights = np.array([part.weight for part in branch.parts], np.float32)
        return _direction(weights @ np.stack(rows))


def embed_query(
    plan: Plan,
    towers: Towers,
    settings: Settings,
    texts: Mapping[str, TextCache] | None = None,
    files: Mapping[str, ExampleFile] | None = None,
    concepts: Mapping[str, Mapping[str, Vectors]] | None = None,
) -> QueryVectors:
    """Embed all that the plan's branches search with, texts in one batch.

    Args:
        towers: of the space that all is asked in; examples go through these alone.
        texts: the text tower of each space that texts are asked in, where it is not the
            one of ``towers`` alone.
        files: where the examples are that a query names otherwise than by a path.
        concepts: the vectors of names that the library was taught, by space.
    """
    asked = {p for b in plan.branches if b.space for p in b.parts}
    shared = towers.shared.name
    vectors: dict[tuple[PartKind, str], Mapping[str, Vectors]] = {
        (PartKind.TEXT, text): rows
        for text, rows in _embedded(
            plan, texts or {shared: TextCache(towers.encoder.embed_texts)}
        ).items()
    }
    for part in sorted(asked, key=lambda part: part.value):
        if part.asked is PartKind.CONCEPT:
            vectors[part.asked, part.value] = (concepts or {})[part.value]
        elif part.asked is not PartKind.TEXT:
            embed = embed_picture if part.asked is PartKind.IMAGE else embed_sound
            file = (files or {}).get(part.value) or ExampleFile(Path(part.value))
            with naming_file(part.value):
                vectors[part.asked, part.value] = embed(file, towers, settings)
    return QueryVectors(vectors)


def _embedded(plan: Plan, texts: Mapping[str, TextCache]) -> dict[str, dict[str, Vectors]]:
    """Embed each text in its spaces, in one batch a space."""
    vectors: dict[str, dict[str, Vectors]] = {}
    for space, cache in texts.items():
        parts = {p for b in plan.branches if b.space == space for p in b.parts}
        words = sorted(part.value for part in parts if part.asked is PartKind.TEXT)
        for text, row in cache.embed(words).items() if words else ():
            vectors.setdefault(text, {})[space] = row
    return vectors


def embed_picture(file: ExampleFile, towers: Towers, settings: Settings) -> dict[str, Vectors]:
    """Embed a picture, or the first keyframes of a video as their mean, by space.

    Of a moment, it is the keyframe that the video shows then.

    Raises:
        MediaError, PathNotFound: it is neither picture nor video, or there is no such file.
    """
    images = list(islice(_pictures(file, towers.encoder.image_size, settings), _EXAMPLE_FRAMES))
    embedded = towers.encoder.embed_images([towers.encoder.prepare_image(i) for i in images])
    return {space: _mean_direction(rows) for space, rows in embedded.vectors.items()}


def _pictures(file: ExampleFile, side: int, settings: Settings) -> Iterator[Image.Image]:
    """Yield the picture that a file is, or the keyframes of a video."""
    if media_type(file.path).kind is Kind.VIDEO:
        from engine.media.video import read_keyframes

        keyframes = read_keyframes(file.path, settings, side)
        if file.start is None:
            yield from (keyframe.image for keyframe in keyframes)
            return
        until = file.start + _SAME_TIME
        shown = deque(takewhile(lambda keyframe: keyframe.start <= until, keyframes), 1)
        if not shown:
            raise EmptyMedia(f"it shows nothing at {file.start:g} s")
        yield shown[0].image
    else:
        from engine.media.image import read_frames

        yield next(iter(read_frames(file.path, settings, side))).image


def embed_sound(file: ExampleFile, towers: Towers, settings: Settings) -> dict[str, Vectors]:
    """Embed the first minute of a sound, or of its moment, as the mean of its windows, by space.

    Raises:
        MediaError, PathNotFound: nothing is to be heard in it, or there is no such file.
    """
    from engine.media.audio import read_windows

    media_type(file.path)
    heard = read_windows(file.path, settings, towers.sound.rate)
    rate = towers.sound.rate
    chunks = islice((chunk for chunk in heard if _overlaps(file, chunk, rate)), _EXAMPLE_WINDOWS)
    windows = [towers.sound.prepare(chunk.samples) for chunk in chunks]
    if not windows:
        raise EmptyMedia("nothing but silence")
    embedded = towers.embed_sounds(windows)
    return {space: _mean_direction(rows) for space, rows in embedded.vectors.items()}


def _overlaps(file: ExampleFile, chunk: Chunk, rate: int) -> bool:
    """Tell whether a chunk is of the moment that is an example; without an end, of its start."""
    if file.start is None:
        return True
    end = file.start + _SAME_TIME if file.end is None else file.end
    return chunk.start < end and chunk.start + len(chunk.samples) / rate > file.start + _SAME_TIME


def _mean_direction(rows: Vectors) -> Vectors:
    return _direction(rows.mean(axis=0))


def _direction(vector: Vectors) -> Vectors:
    unit: Vectors = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return unit


def media_type(path: Path) -> MediaType:
    """Return the media type of an example.

    Raises:
        PathNotFound, UnsupportedMedia: it is nothing that could be one.
    """
    from engine.media.sniff import not_media, sniff

    try:
        if not path.is_file():
            if path.is_dir():
                raise PathNotFound("it is a folder; name a file in it")
            raise PathNotFound(f"there is no such file{near_name(path)}")
        media = sniff(path)
    except OSError as error:  # a name that is too long, or a file that may not be read
        raise PathNotFound((error.strerror or str(error)).lower()) from None
    if media is None:
        raise not_media(path)
    return media


@contextmanager
def naming_file(path: Path | str) -> Iterator[None]:
    """Put the file's name before what is wrong with it.

    An example is an argument, so that a bad one is a mistake of the request.
    """
    try:
        yield
    except (MediaError, PathNotFound) as error:
        raise InvalidQuery(f"{path}: {error}") from error
