"""Many vectors out of few, with the spectrum of the few. Not Gaussian noise.

A new vector is a real one moved by a part of the difference between two of its 32
nearest neighbours, which is a direction in which real vectors differ there. Global
spectrum and local dimension stay what they are; `spectrum` shows the former.

To get 512 dimensions out of 384, a fixed random rotation puts the vectors into a
space of which 128 dimensions hold squares of random projections of them, scaled to the
energy of the last quarter: they depend on the vector, and differ as little as its own
weakest directions do.

Queries with a modality gap stand for texts that ask for pictures: half of a real held
out vector, a third of the way to another one, and one constant direction, which is the
gap. Their cosines with what they look for are near 0.4, where those of texts are 0.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.index.exact import import_faiss
from engine.types.arrays import Vectors

HELD_OUT = 1_000
"""Real vectors that become queries, and are in no index."""
_NEIGHBOURS = 32
_BATCH = 65_536


def unit(rows: Vectors) -> Vectors:
    """Rows of length one."""
    scaled: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled.astype(np.float32)


@dataclass(frozen=True)
class Real:
    """The real vectors, some of them held out."""

    base: Vectors
    held_out: Vectors

    @classmethod
    def load(cls, data: Path, dim: int = 384) -> Real:
        rows = unit(np.load(data / "vectors" / "texts-60k.f16.npy").astype(np.float32))
        rows = widened(rows, dim)
        order = np.random.default_rng(0).permutation(len(rows))
        return cls(rows[order[HELD_OUT:]], rows[order[:HELD_OUT]])

    def queries(self) -> Vectors:
        """The held out vectors as they are."""
        return self.held_out

    def gap_queries(self) -> Vectors:
        """Queries that lie apart from all vectors, as texts lie apart from pictures."""
        rng = np.random.default_rng(1)
        mean = self.base.mean(axis=0)
        gap = rng.standard_normal(len(mean)).astype(np.float32)
        gap -= (gap @ mean) / (mean @ mean) * mean
        other = self.held_out[rng.permutation(len(self.held_out))] - mean
        return unit(0.5 * self.held_out + 0.35 * unit(other) + 0.8 * gap / np.linalg.norm(gap))


def widened(rows: Vectors, dim: int) -> Vectors:
    """The same vectors in more dimensions; see the module."""
    own = rows.shape[1]
    if dim == own:
        return rows
    rng = np.random.default_rng(2)
    features = (rows @ rng.standard_normal((own, dim - own)).astype(np.float32)) ** 2
    features -= features.mean(axis=0)
    energies = np.linalg.eigvalsh(np.cov(rows[:: max(len(rows) // 10_000, 1)].T))
    features *= np.sqrt(energies[: own // 4].mean()) / features.std(axis=0)
    rotation, _ = np.linalg.qr(rng.standard_normal((dim, dim)))
    return unit(np.hstack([rows, features]) @ rotation.astype(np.float32))


def grown(base: Vectors, count: int, seed: int = 3) -> Iterator[NDArray[np.float16]]:
    """``count`` new unit vectors in batches (n, dim)."""
    faiss = import_faiss()
    flat = faiss.IndexFlatIP(base.shape[1])
    flat.add(base)
    near = flat.search(base, _NEIGHBOURS + 1)[1][:, 1:]
    rng = np.random.default_rng(seed)
    for first in range(0, count, _BATCH):
        size = min(_BATCH, count - first)
        at = rng.integers(0, len(base), size)
        one, other = (near[at, rng.integers(0, _NEIGHBOURS, size)] for _ in range(2))
        step = rng.uniform(0.4, 0.9, (size, 1)).astype(np.float32)
        yield unit(base[at] + step * (base[one] - base[other])).astype(np.float16)


def spectrum(rows: Vectors) -> str:
    """The part of the variance in the first 10, 50 and 200 directions."""
    energies = np.linalg.eigvalsh(np.cov(rows[:20_000].astype(np.float32).T))[::-1]
    parts = [energies[:n].sum() / energies.sum() for n in (10, 50, 200)]
    return " ".join(f"{part:.3f}" for part in parts)
