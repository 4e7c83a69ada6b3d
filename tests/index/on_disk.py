"""Small snapshots for tests, of any structure."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest import mock

import numpy as np

from engine.index.allowed import Allowed
from engine.index.build import BuildOptions, SnapshotWriter, build_snapshot
from engine.index.segmented_index import SegmentedIndex
from engine.index.snapshot import Snapshot
from engine.index.vector_index import Scores
from engine.types.arrays import MomentIds, Vectors


def unit_rows(rng: np.random.Generator, count: int, dim: int, *, coarse: bool = False) -> Vectors:
    """Unit vectors that float16 holds as they are; coarse ones lie on few directions, so
    that many scores tie."""
    rows = rng.standard_normal((count, dim))
    if coarse:
        rows = np.eye(dim)[rng.integers(0, 3, count)]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float16).astype(np.float32)


def snapshot(
    folder: Path,
    ids: MomentIds,
    rows: Vectors,
    key: str = "SQfp16",
    *,
    texts: Vectors | None = None,
    base: Snapshot | None = None,
    target: float = 0.99,
) -> Snapshot:
    """Build and open one; ``key`` is what ``choose`` is made to say."""
    copy = SnapshotWriter(folder, base)
    copy.append(ids, rows)
    copy.finish()
    with mock.patch("engine.index.build.choose_key", return_value=key):
        build_snapshot(folder, rows.shape[1], texts, BuildOptions(recall=target, threads=1), base)
    return Snapshot(folder)


class Halves(SegmentedIndex):
    """A live index, half of whose first vectors lie in a snapshot: every operation then
    has to do with both."""

    key = "SQfp16"

    def add(self, ids: MomentIds, vectors: Vectors) -> None:
        order = np.argsort(ids)
        older = order[: len(order) // 2] if self.snapshot is None else order[:0]
        newer = order[len(older) :]
        if len(older) >= 20:
            # What is mapped stays when its files go.
            with tempfile.TemporaryDirectory() as folder:
                made = snapshot(Path(folder) / "made", ids[older], vectors[older], self.key)
            super().__init__(self.dim, made)
        else:
            newer = order
        self.tail.add(ids[newer], vectors[newer])


class CodedHalves(Halves):
    """The same with product codes, which find all of so few rows, and with filters that
    always go into the search or behind it."""

    key = "IVF2,PQ4x4fs"

    def search(
        self, query: Vectors, top: int, allowed: Allowed | None = None
    ) -> tuple[MomentIds, Scores]:
        with mock.patch("engine.index.snapshot._SCANNED", 0):
            return super().search(query, top, allowed)
