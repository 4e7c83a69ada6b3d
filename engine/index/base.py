"""What an index is: vectors under stable ids, and the nearest of them."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.types import MomentIds, Vectors

Scores: TypeAlias = NDArray[np.float32]
"""Cosine similarities, shape (n,), float32, best first."""


class VectorIndex(Protocol):
    """Cosine search over L2-normalised vectors. Every backend answers alike:
    best first, equal scores by ascending moment id, never more hits than exist
    and never fewer than there are to have."""

    def __len__(self) -> int:
        """How many vectors it holds."""

    def add(self, ids: MomentIds, vectors: Vectors) -> None:
        """Add n vectors (n, dim) under ids (n,) that it does not hold yet."""

    def remove(self, ids: MomentIds) -> int:
        """Forget these ids; returns how many it held. Unknown ids are no error."""

    def search(
        self, query: Vectors, top: int, allowed: MomentIds | None = None
    ) -> tuple[MomentIds, Scores]:
        """The ``top`` nearest of one query (dim,), among ``allowed`` where given.

        Returns ids (m,) and cosine similarities (m,), m = min(top, what there is).
        """

    def ids(self) -> MomentIds:
        """All ids that it holds, ascending."""

    def holds(self, ids: MomentIds) -> NDArray[np.bool_]:
        """Which of ids (n,) it holds, (n,) bool."""

    def vectors(self, ids: MomentIds) -> Vectors:
        """The vectors (n, dim) of ids that it holds. Raises ``KeyError`` for others."""
