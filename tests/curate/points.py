"""Points for tests: items of no library, in groups or anywhere."""

from __future__ import annotations

import numpy as np

from engine.common.vectors import l2_normalize
from engine.curate.asset_vectors import AssetPoints
from engine.types import Modality


def items(rows: np.ndarray) -> AssetPoints:
    """Items of these directions (n, dim)."""
    numbers = np.arange(1, len(rows) + 1)
    return AssetPoints(
        Modality.IMAGE, "x", numbers, 10 * numbers, l2_normalize(rows).astype(np.float16)
    )


def anywhere(count: int, dim: int = 16, seed: int = 0) -> AssetPoints:
    """Directions without any order."""
    return items(np.random.default_rng(seed).standard_normal((count, dim)))


def groups(sizes: list[int], dim: int = 16, seed: int = 0) -> tuple[AssetPoints, np.ndarray]:
    """Tight groups in directions of their own, and the group of each item."""
    rng = np.random.default_rng(seed)
    centres = np.eye(dim)[: len(sizes)]
    of = np.repeat(np.arange(len(sizes)), sizes)
    return items(centres[of] + 0.05 * rng.standard_normal((len(of), dim))), of
