"""Relevance of texts to moments: cosines in the shared space, and their log odds in nats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.curate.asset_vectors import BLOCK, AssetPoints, indexes
from engine.curate.selection.select import Relevance
from engine.encoders.towers import Towers
from engine.errors import UsageError
from engine.query.calibration.log_odds import FEWEST_PAIRS, background, by_key, expected, log_odds
from engine.query.space_revision import check_revision
from engine.store import Store
from engine.types import Modality
from engine.types.arrays import MomentIds, Vectors


class SharedSpace:
    """The moments of one modality in the space of texts.

    Raises:
        SpaceMismatch: the library was made with other weights than the towers have.
        UsageError: it holds nothing of that modality.
    """

    def __init__(self, store: Store, towers: Towers, modality: Modality) -> None:
        name = towers.shared.name
        check_revision(store.spaces().get(name), towers.shared)
        index = indexes(store, name).get(modality)
        if index is None:
            raise UsageError(f"the library holds no {modality}; library.stats() counts what it has")
        self._index, self._towers = index, towers
        self._background = background(by_key(store.backgrounds()), (name, "text", modality))

    @property
    def calibrated(self) -> bool:
        """True if the background is that of this library, and not a guess."""
        return self._background.n >= FEWEST_PAIRS

    def texts(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors (n, dim) of texts."""
        return self._towers.encoder.embed_texts(list(texts))

    def holds(self, moments: MomentIds) -> NDArray[np.bool_]:
        """Tell which moments (n,) have a vector there."""
        return self._index.holds(moments)

    def vectors(self, moments: MomentIds) -> Vectors:
        """Return the vectors (n, dim) of moments that have one."""
        return self._index.vectors(moments)

    def odds(self, cosines: NDArray[np.float64], vectors: Vectors) -> NDArray[np.float64]:
        """Turn cosines (n,) of a text with moments (n, dim) into log odds of a match, in nats."""
        return log_odds(cosines, expected(self._background, vectors), self._background)


def relevance(
    shared: SharedSpace, items: AssetPoints, near: str | None, far: str | None
) -> Relevance:
    """Score each item by its relevance to one text, less that to the other."""
    asked = [(text, sign) for text, sign in ((near, 1.0), (far, -1.0)) if text is not None]
    vectors = shared.texts([text for text, _ in asked])
    scores = np.full(len(items), -np.inf)
    for first in range(0, len(items), BLOCK):
        places = np.arange(first, min(first + BLOCK, len(items)))
        places = places[shared.holds(items.moments[places])]
        rows = shared.vectors(items.moments[places])
        scores[places] = 0.0
        for (_, sign), vector in zip(asked, vectors, strict=True):
            scores[places] += sign * shared.odds((rows @ vector).astype(np.float64), rows)
    description = " and ".join(
        f"{'near' if sign > 0 else 'far from'} {text!r}" for text, sign in asked
    )
    return Relevance(scores, description)
