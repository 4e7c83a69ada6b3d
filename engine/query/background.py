"""Estimate the backgrounds of everything that a library holds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.encoders.towers import Towers
from engine.index.base import VectorIndex
from engine.index.space import SpaceIndex
from engine.query.calibrate import estimate
from engine.query.phrases import phrases
from engine.store import Background
from engine.types import Vectors

_SAMPLE = 1000
"""Moments of a modality that stand for all of it."""
_EXAMPLES = 200
"""Of those, the ones that are also asked as examples."""


def estimate_all(indexes: Mapping[str, SpaceIndex], towers: Towers) -> list[Background]:
    """The backgrounds of texts in the shared space, and of examples in every space.

    The sample is drawn with a fixed seed, so that a rebuilt library scores alike.
    """
    texts = towers.encoder.embed_texts(phrases())
    known: list[Background] = []
    for space, index in indexes.items():
        for modality, vectors in index.indexes.items():
            sample = _sample(vectors)
            asked = {"example": sample[:_EXAMPLES]}
            if space == towers.shared.name:
                asked["text"] = texts
            known += [estimate((space, kind, modality), q, sample) for kind, q in asked.items()]
    return known


def _sample(index: VectorIndex) -> Vectors:
    ids = index.ids()
    if len(ids) > _SAMPLE:
        ids = np.random.default_rng(0).choice(ids, _SAMPLE, replace=False)
    return index.vectors(ids)
