"""The query's own vectors: its texts, its example picture, its example sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.errors import EmptyMedia, PathNotFound
from engine.types import Branch, Plan, Vectors

_EXAMPLE_WINDOWS = 6
"""How much of an example sound is listened to, in windows."""


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """Unit vectors (dim,): of texts by their words, of examples by name and space."""

    texts: Mapping[str, Vectors]
    examples: Mapping[tuple[str, str], Vectors]

    def of(self, branch: Branch) -> Vectors | None:
        """The vector that a branch searches with; None where the example has none,
        such as the words of a sound that is like no word that the bridge knows."""
        if branch.term is not None:
            return self.texts[branch.term]
        return self.examples.get((branch.name, branch.space or ""))


def embed_query(plan: Plan, towers: Towers, settings: Settings) -> QueryVectors:
    """Embed all that the plan's branches search with, texts in one batch."""
    texts = sorted({b.term for b in plan.branches if b.space and b.term is not None})
    vectors = towers.encoder.embed_texts(texts) if texts else ()
    examples: dict[tuple[str, str], Vectors] = {}
    query = plan.query
    if query.image is not None:
        examples |= _named("image", embed_picture(Path(query.image), towers, settings))
    if query.audio is not None:
        examples |= _named("audio", embed_sound(Path(query.audio), towers, settings))
    return QueryVectors(dict(zip(texts, vectors, strict=True)), examples)


def _named(name: str, vectors: Mapping[str, Vectors]) -> dict[tuple[str, str], Vectors]:
    return {(name, space): v for space, v in vectors.items() if v.any()}


def embed_picture(path: Path, towers: Towers, settings: Settings) -> dict[str, Vectors]:
    """The vectors of a picture, or of the first frame of an animation, by space.

    Raises:
        PathNotFound: there is no such file.
        MediaError: it cannot be read as a picture.
    """
    from engine.media.image import read_frames

    _must_exist(path)
    frame = next(iter(read_frames(path, settings, towers.encoder.image_size)))
    embedded = towers.encoder.embed_images([towers.encoder.prepare_image(frame.image)])
    return {space: rows[0] for space, rows in embedded.vectors.items()}


def embed_sound(path: Path, towers: Towers, settings: Settings) -> dict[str, Vectors]:
    """The mean vectors of a sound's first minute, by space.

    Raises:
        PathNotFound: there is no such file.
        MediaError: it cannot be read as a sound, or is silent.
    """
    from engine.media.audio import read_windows

    _must_exist(path)
    windows = []
    for chunk in read_windows(path, settings, towers.sound.rate):
        windows.append(towers.sound.prepare(chunk.samples))
        if len(windows) == _EXAMPLE_WINDOWS:
            break
    if not windows:
        raise EmptyMedia("nothing but silence")
    embedded = towers.embed_sounds(windows)
    return {space: _mean_direction(rows) for space, rows in embedded.vectors.items()}


def _mean_direction(rows: Vectors) -> Vectors:
    mean = rows.mean(axis=0)
    unit: Vectors = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return unit


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise PathNotFound(f"{path}: there is no such file")
