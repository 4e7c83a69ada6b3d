"""Vectors of texts and of examples in the default space of a library. Wiring only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.config import Settings
from engine.encoders.towers import Towers
from engine.query.embed import embed_picture, embed_sound, naming_file
from engine.query.example_values import example_part
from engine.query.examples import resolve_examples
from engine.types import PartKind, Query
from engine.types.arrays import Vectors
from engine.types.examples import Example


def embed_texts(texts: Sequence[str], towers: Towers) -> Vectors:
    """Return unit vectors (n, dim) of texts in the shared space."""
    if not texts:
        return np.zeros((0, towers.shared.dim), np.float32)
    return towers.embed_queries(towers.shared.name, texts)


def embed_example(example: Example, towers: Towers, settings: Settings) -> Vectors:
    """Return the unit vector (dim,) of a picture, a video or a sound in the shared space.

    Errors are those of ``Library.embed_example``.
    """
    part = example_part(example, PartKind.FILE, "example")
    with resolve_examples(Query((part,)), settings) as (query, files):
        (known,) = query.parts
        embed = embed_sound if known.asked is PartKind.AUDIO else embed_picture
        with naming_file(known.value):
            return embed(files[known.value], towers, settings)[towers.shared.name]
