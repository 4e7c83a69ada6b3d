"""The bank of phrases as vectors: embedded once for each encoder, and kept.

A large text tower takes as long for the bank as for a hundred pictures or more, and
every `index` that changes something asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.common.artifact_cache import Damaged, load_cached
from engine.common.npy import save_array
from engine.config import Settings
from engine.encoders.revisions import revision_of
from engine.encoders.towers import Towers
from engine.errors import EncoderUnavailable
from engine.query.calibration.contrast import Contrast
from engine.query.calibration.phrases import phrases
from engine.types import Space
from engine.types.arrays import Vectors

_CODE = 2
"""Revision of the code that embeds queries, which the revisions of spaces do not name."""


def phrase_vectors(towers: Towers, settings: Settings, further: str | None = None) -> Vectors:
    """Embed ``phrases()`` in the shared space, (n, dim), float32.

    Args:
        further: the further space of the encoder in which they are asked instead.
    """
    space = towers.encoder.shared
    space = next((other for other in towers.further if other.name == further), space)
    texts = towers.quality_phrases(space.name) or phrases()
    return _vectors(towers, settings, space, list(texts))


def contrast_vectors(towers: Towers, settings: Settings, contrast: Contrast) -> Vectors:
    """Embed the phrases of both sorts of a contrast in the shared space, (n, dim)."""
    others, wanted = contrast.phrases()
    return _vectors(towers, settings, towers.encoder.shared, [*others, *wanted])


def _vectors(towers: Towers, settings: Settings, space: Space, texts: list[str]) -> Vectors:
    named = revision_of(
        name=space.name, encoder=space.encoder, revision=space.revision, texts=tuple(texts),
        code=_CODE,
    )  # fmt: skip
    return kept_vectors(
        settings, named, (len(texts), space.dim), lambda: towers.embed_queries(space.name, texts)
    )


def kept_vectors(
    settings: Settings, named: str, shape: tuple[int, int], embed: Callable[[], Vectors]
) -> Vectors:
    """Return vectors of texts that are kept in the cache, embedded first where they are not.

    Args:
        named: a name that says all that decides them.
    """

    def build(path: Path) -> None:
        save_array(path, embed())

    def load(path: Path) -> Vectors:
        try:
            rows: Vectors = np.load(path, allow_pickle=False)
        except (OSError, EOFError, ValueError) as error:
            raise Damaged(str(error)) from error
        if rows.shape != shape or rows.dtype != np.float32:
            raise Damaged(f"it holds {rows.shape} {rows.dtype}")
        return rows

    try:
        return load_cached(settings, f"phrases/{named}.npy", build, load)
    except EncoderUnavailable:  # a cache that cannot be written costs time and nothing else
        return embed()
