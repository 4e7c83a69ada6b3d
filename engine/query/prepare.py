"""Examples as the towers take them: decoding, which threads share, apart from embedding."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice, takewhile
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from engine.common.user_path import near_name
from engine.common.vectors import l2_normalize
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import EmptyMedia, InvalidQuery, MediaError, PathNotFound
from engine.types import Kind, MediaType, PartKind
from engine.types.arrays import Vectors

if TYPE_CHECKING:
    from engine.media.audio import Chunk
    from engine.types.examples import Region

_EXAMPLE_WINDOWS = 6
"""The windows of an example sound that are embedded."""
_EXAMPLE_FRAMES = 8
"""The keyframes that stand for an example video."""
_SEARCHED_SECONDS = 600.0
"""Seconds of an example sound in which something to hear is looked for. Ten hours of silence take
minutes to decode, and tell nothing."""
_SAME_TIME = 1e-3
"""Seconds by which a time that was written down may be off."""


@dataclass(frozen=True, slots=True)
class ExampleFile:
    """A file that is an example, or the moment of it from ``start`` to ``end`` seconds."""

    path: Path
    start: float | None = None
    end: float | None = None
    region: Region | None = None
    """The part that is meant of what is seen; None for all of it."""


@dataclass(frozen=True, slots=True)
class PreparedExample:
    """An example that is decoded: what the picture tower, or the sound bridge, takes."""

    kind: PartKind
    """IMAGE or AUDIO."""
    inputs: tuple[Any, ...]
    """Arrays: a picture, the keyframes of a video, or the windows of a sound."""


def prepare_picture(file: ExampleFile, towers: Towers, settings: Settings) -> PreparedExample:
    """Decode a picture, or the first keyframes of a video.

    Of a moment, it is the keyframe that the video shows then.

    Raises:
        MediaError, PathNotFound: it is neither picture nor video, or there is no such file.
    """
    images = islice(_pictures(file, towers.encoder.image_size, settings), _EXAMPLE_FRAMES)
    inputs = tuple(map(towers.encoder.prepare_image, images))
    if not inputs:
        raise EmptyMedia("it shows nothing")
    return PreparedExample(PartKind.IMAGE, inputs)


def prepare_sound(file: ExampleFile, towers: Towers, settings: Settings) -> PreparedExample:
    """Decode the first minute that is heard of a sound, or of its moment.

    Raises:
        MediaError, PathNotFound: nothing is to be heard in it, or there is no such file.
    """
    from engine.media.audio import read_windows

    media_type(file.path)
    rate = towers.sound.rate
    until = (file.start or 0.0) + _SEARCHED_SECONDS
    heard = read_windows(file.path, settings, rate, until if file.end is None else file.end)
    chunks = islice((chunk for chunk in heard if _overlaps(file, chunk, rate)), _EXAMPLE_WINDOWS)
    windows = tuple(towers.sound.prepare(chunk.samples) for chunk in chunks)
    if not windows:
        raise EmptyMedia("nothing but silence, or nothing in its first ten minutes")
    return PreparedExample(PartKind.AUDIO, windows)


def embed_prepared(
    prepared: Sequence[PreparedExample], towers: Towers
) -> list[Mapping[str, Vectors]]:
    """Embed examples, all of a kind in one call; the vectors (dim,) of each by space.

    That of several keyframes or windows is their mean direction.
    """
    found: dict[int, Mapping[str, Vectors]] = {}
    for kind, embed in (
        (PartKind.IMAGE, towers.encoder.embed_images),
        (PartKind.AUDIO, towers.embed_sounds),
    ):
        places = [at for at, example in enumerate(prepared) if example.kind is kind]
        if not places:
            continue
        inputs = [prepared[at].inputs for at in places]
        rows = embed([*chain.from_iterable(inputs)]).vectors
        found |= zip(places, _by_example(rows, map(len, inputs)), strict=True)
    return [found[at] for at in range(len(prepared))]


def _by_example(
    rows: Mapping[str, Vectors], lengths: Iterable[int]
) -> Iterator[dict[str, Vectors]]:
    """Yield the mean direction of the rows (n, dim) of each example, by space."""
    first = 0
    for length in lengths:
        own = slice(first, first + length)
        yield {space: l2_normalize(vectors[own].mean(axis=0)) for space, vectors in rows.items()}
        first += length


def _pictures(file: ExampleFile, side: int, settings: Settings) -> Iterator[Image.Image]:
    """Yield the picture that a file is, or the keyframes of a video, cut to the region."""
    if file.region is None:
        yield from _whole_pictures(file, side, settings)
        return
    x, y, width, height = file.region
    # Reduced less while decoding, so that what is cut out has as many pixels.
    for picture in _whole_pictures(file, ceil(side / min(width, height)), settings):
        left, upper = round(x * picture.width), round(y * picture.height)
        right, lower = round((x + width) * picture.width), round((y + height) * picture.height)
        left, upper = min(left, picture.width - 1), min(upper, picture.height - 1)
        yield picture.crop((left, upper, max(right, left + 1), max(lower, upper + 1)))


def _whole_pictures(file: ExampleFile, side: int, settings: Settings) -> Iterator[Image.Image]:
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


def _overlaps(file: ExampleFile, chunk: Chunk, rate: int) -> bool:
    """Tell whether a chunk is of the moment that is an example; without an end, of its start."""
    if file.start is None:
        return True
    end = file.start + _SAME_TIME if file.end is None else file.end
    return chunk.start < end and chunk.start + len(chunk.samples) / rate > file.start + _SAME_TIME


def media_type(path: Path) -> MediaType:
    """Return the media type of an example.

    Raises:
        PathNotFound, UnsupportedMedia: it is nothing that could be one.
    """
    from engine.media.file_errors import NO_FILE
    from engine.media.sniff import not_media, sniff

    try:
        if not path.is_file():
            if path.is_dir():
                raise PathNotFound("it is a folder; name a file in it")
            if path.exists():
                raise PathNotFound(NO_FILE)
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
