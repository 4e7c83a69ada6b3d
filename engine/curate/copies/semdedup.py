"""Semantic deduplication (SemDeDup, Abbas et al. 2023): fewer examples of the same meaning.

The vectors are put into clusters by k-means. Within a cluster, from the farthest from its
centroid to the nearest, an example goes whose cosine with one before it is over 1 - eps; so
the least typical of what is alike stays, as in the paper. One pass finds the greatest such
cosine of each example, from which every eps follows, and so the whole curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.common.progress import NO_PROGRESS, Progress
from engine.curate.copies.similarity_join import grouped
from engine.curate.records import Finding
from engine.index.exact import import_faiss
from engine.index.matrix import MOMENT_BLOCK, MomentVectors
from engine.index.vector_index import drawn
from engine.store import Store
from engine.types.arrays import Vectors

EPS = (0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3)
"""Values of eps that the curve is drawn at."""
_PER_CLUSTER = 400
"""Rows of a cluster, by default."""
_ROUNDS = 20
"""Iterations of k-means."""
_ROWS_PER_PRODUCT = 1_024
"""Rows of one matrix product."""
REMOVED = "semantic-duplicate"


@dataclass(frozen=True, slots=True)
class ClusterNeighbours:
    """The nearest row, in its cluster, that each row would go for."""

    rows: MomentVectors
    clusters: NDArray[np.int32]
    """(n,)"""
    cosines: NDArray[np.float32]
    """(n,): the greatest cosine with a row of its cluster that is kept rather; -1 for none."""
    nearest: NDArray[np.int64]
    """(n,): the place of that row."""

    def removed(self, eps: float) -> int:
        """Return how many rows go at this eps."""
        return int((self.cosines > 1 - eps).sum())

    def curve(self, at: Sequence[float] = EPS) -> list[tuple[float, float]]:
        """Return the part that stays, for each eps."""
        return [(eps, 1 - self.removed(eps) / max(len(self.rows), 1)) for eps in at]


def nearest_in_clusters(
    rows: MomentVectors,
    seed: int = 0,
    clusters: int | None = None,
    progress: Progress = NO_PROGRESS,
) -> ClusterNeighbours:
    """Cluster the rows, and compare each with those before it in its cluster.

    Args:
        clusters: None for one in every 400 rows.
    """
    count = clusters or max(1, len(rows) // _PER_CLUSTER)
    labels, far = _clustered(rows, min(count, max(1, len(rows))), seed)
    cosines = np.full(len(rows), -1, np.float32)
    nearest = np.full(len(rows), -1, np.int64)
    members, starts = grouped(labels, int(labels.max(initial=0)) + 1)
    progress.start("comparing clusters", len(starts) - 1, "clusters")
    for number in range(len(starts) - 1):
        progress.advance()
        cluster = members[starts[number] : starts[number + 1]]
        order = cluster[np.argsort(-far[cluster], kind="stable")]
        _compare(rows, order, cosines, nearest)
    return ClusterNeighbours(rows, labels, cosines, nearest)


def _clustered(rows: MomentVectors, count: int, seed: int) -> tuple[NDArray[np.int32], Vectors]:
    """Return the cluster of each row (n,), and its distance from the centroid (n,)."""
    faiss = import_faiss()
    labels, far = np.zeros(len(rows), np.int32), np.zeros(len(rows), np.float32)
    if not len(rows):
        return labels, far
    means = faiss.Kmeans(
        rows.vectors.shape[1], count, niter=_ROUNDS, spherical=True, seed=seed + 1,
        min_points_per_centroid=1, max_points_per_centroid=1_000_000,
    )  # fmt: skip
    means.train(rows.rows(drawn(len(rows), max(64 * count, MOMENT_BLOCK))))
    for at, block in rows.blocks():
        cosine, found = means.index.search(block, 1)
        labels[at : at + len(block)] = found[:, 0]
        far[at : at + len(block)] = 1 - cosine[:, 0]
    return labels, far


def _compare(
    rows: MomentVectors, order: NDArray[np.int64], cosines: Vectors, nearest: NDArray[np.int64]
) -> None:
    """Note the greatest cosine of each row with those before it, in blocks."""
    for at in range(0, len(order), _ROWS_PER_PRODUCT):
        asked = rows.rows(order[at : at + _ROWS_PER_PRODUCT])
        for before in range(0, at + _ROWS_PER_PRODUCT, _ROWS_PER_PRODUCT):
            earlier = order[before : before + _ROWS_PER_PRODUCT]
            if not len(earlier):
                break
            product = asked @ rows.rows(earlier).T
            if before == at:
                product[np.triu_indices(len(asked), 0, len(earlier))] = -1
            best = product.argmax(1)
            value = product[np.arange(len(asked)), best]
            places = order[at : at + _ROWS_PER_PRODUCT]
            better = value > cosines[places]
            cosines[places[better]] = value[better]
            nearest[places[better]] = earlier[best[better]]


def findings(store: Store, found: ClusterNeighbours, eps: float) -> list[Finding]:
    """Return what goes at this eps, each with what stays for it.

    An asset of several moments goes when all of them do.
    """
    gone = found.cosines > 1 - eps
    assets = found.rows.assets
    stays = set(assets[~gone].tolist())
    facts = store.facts(set(assets[gone].tolist()) | set(assets[found.nearest[gone]].tolist()))
    made: dict[int, Finding] = {}
    for place in np.flatnonzero(gone).tolist():
        asset, kept = int(assets[place]), int(assets[found.nearest[place]])
        if asset in stays or asset == kept or asset in made:
            continue
        if asset not in facts or kept not in facts:
            continue
        cosine = float(found.cosines[place])
        why = f"cosine {cosine:.3f} to {facts[kept].path}"
        group = int(found.clusters[place]) + 1
        made[asset] = Finding(
            asset, int(found.rows.ids[place]), facts[asset].path, REMOVED, group, cosine, why
        )
    return sorted(made.values(), key=lambda finding: (finding.group or 0, finding.path))
