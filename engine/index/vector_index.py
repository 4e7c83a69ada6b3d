"""The interface of an index: vectors under stable ids, and the nearest of them."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.index.allowed import Allowed
from engine.types.arrays import MomentIds, Vectors

Scores: TypeAlias = NDArray[np.float32]
"""Cosine similarities, shape (n,), float32, best first."""


class VectorIndex(Protocol):
    """Cosine search over L2-normalised vectors. Every backend answers alike:
    best first, equal scores by ascending moment id, never more hits than exist
    and never fewer than there are to have. An exact one returns the nearest of all,
    an approximate one may miss some of them, but scores what it returns exactly."""

    def __len__(self) -> int:
        """Return how many vectors it holds."""

    def add(self, ids: MomentIds, vectors: Vectors) -> None:
        """Add n vectors (n, dim) under ids (n,) that it does not hold yet."""

    def remove(self, ids: MomentIds) -> int:
        """Forget these ids; returns how many it held. Unknown ids are no error."""

    def search(
        self, query: Vectors, top: int, allowed: Allowed | None = None
    ) -> tuple[MomentIds, Scores]:
        """Return the ``top`` nearest of one query (dim,), among ``allowed`` where given.

        Returns ids (m,) and cosine similarities (m,), m = min(top, what there is).
        """

    def ids(self) -> MomentIds:
        """Return all ids that it holds, ascending."""

    def holds(self, ids: MomentIds) -> NDArray[np.bool_]:
        """Return which of ids (n,) it holds, (n,) bool."""

    def vectors(self, ids: MomentIds) -> Vectors:
        """Return the vectors (n, dim) of ids that it holds. Raises ``KeyError`` for others."""

    def sample(self, count: int) -> Vectors:
        """Return vectors (m, dim) of up to ``count`` moments, the same ones at every call."""


def best_hits(ids: MomentIds, scores: Scores, top: int) -> tuple[MomentIds, Scores]:
    """Return the ``top`` best of ids and scores (n,), equal scores by ascending id."""
    if len(scores) > top > 0:
        # Only what can be among them is sorted, all that ties with the last included.
        last = np.partition(scores, len(scores) - top)[len(scores) - top]
        ids, scores = ids[scores >= last], scores[scores >= last]
    order = np.lexsort((ids, -scores))[: max(top, 0)]
    return ids[order], scores[order]


def drawn_older(held: int, dead: int, newer: int, count: int) -> NDArray[np.int64]:
    """Draw the rows of a snapshot that fall to it of ``count``, beside ``newer`` others.

    Returns places, a few too many to make up for the ``dead`` of the ``held``.
    """
    share = held / max(held + newer, 1)
    return drawn(held, round(count * share * (1 + dead / max(held, 1))))


def drawn(size: int, count: int) -> NDArray[np.int64]:
    """Draw up to ``count`` of the places below ``size``, at random with a fixed seed."""
    return np.sort(np.random.default_rng(0).choice(size, min(size, count), replace=False))
