"""Clusters of files by k-means on the sphere, seeded, and named by words.

The centroids are trained on a sample, and everything is assigned in blocks, so that
memory does not grow with the library but by the numbers of the groups.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.common.vectors import l2_normalize
from engine.curate.asset_vectors import AssetPoints, paths_of
from engine.curate.records import Finding
from engine.errors import UsageError
from engine.index.exact import import_faiss
from engine.index.matrix import Places
from engine.store import Store
from engine.types.arrays import Vectors

MOST = 4_096
"""Upper bound of ``k``."""
_CHOSEN = 200
"""Clusters that are made at most by default."""
_SAMPLE, _ROUNDS = 256, 25
"""Points a centroid that k-means is trained on, at most, and its rounds."""
_TRIES, _SMALL = 5, 10**6
"""Beginnings of which the best is kept, where points times centroids are so few."""
REPRESENTATIVES = 6
"""Members nearest to the centroid, which stand for a cluster."""
_TINY = 1e-9
"""Length below which a centroid has no direction."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """Groups of some items, the largest first."""

    centroids: Vectors
    """(k, dim), of length one; no group is empty."""
    labels: Places
    """(n,): the group of each item, from 0."""
    cosines: NDArray[np.float32]
    """(n,): of each item with the centroid of its group."""

    def __len__(self) -> int:
        return len(self.centroids)

    def members(self, group: int) -> Places:
        """Return the items of a group, the nearest to its centroid first."""
        inside = np.flatnonzero(self.labels == group)
        return inside[np.lexsort((inside, -self.cosines[inside]))]

    def sizes(self) -> NDArray[np.int64]:
        """Return the number of items of each group, (k,)."""
        return np.bincount(self.labels, minlength=len(self))


def default_k(count: int) -> int:
    """Return how many clusters to make of so many items: the square root of half of them.

    The rule is from Mardia et al. 1979; there are no fewer than 2 and no more than 200.
    """
    return min(count, _CHOSEN, max(2, round(math.sqrt(count / 2))))


def clusters(
    items: AssetPoints, k: int | None = None, *, seed: int = 0, threads: int = 1
) -> Clusters:
    """Group items by their directions.

    Args:
        k: None for ``default_k``. Groups that stay empty are left out.

    Raises:
        UsageError: more groups are asked for than there are items, or fewer than one.
    """
    count = default_k(len(items)) if k is None else k
    if not 1 <= count <= min(len(items), MOST):
        raise UsageError(
            f"k={count}: of {len(items)} of {items.modality} there can be 1 to"
            f" {min(len(items), MOST)} clusters",
            arguments=("k",),
        )
    labels, cosines, centroids = _assigned(items, _trained(items, count, seed, threads))
    sizes = np.bincount(labels, minlength=len(centroids))
    order = np.lexsort((np.arange(len(sizes)), -sizes))[: int((sizes > 0).sum())]
    rank = np.empty(len(sizes), np.int64)
    rank[order] = np.arange(len(order))
    return Clusters(centroids[order], rank[labels], cosines)


def _trained(items: AssetPoints, k: int, seed: int, threads: int) -> Vectors:
    faiss = import_faiss()
    drawn = np.random.default_rng(seed).permutation(len(items))[: max(_SAMPLE * k, k)]
    rows = items.rows(np.sort(drawn))
    faiss.omp_set_num_threads(threads)
    means = faiss.Kmeans(
        items.dim, k, niter=_ROUNDS, seed=seed, spherical=True, verbose=False,
        nredo=_TRIES if len(rows) * k <= _SMALL else 1,
        min_points_per_centroid=1, max_points_per_centroid=_SAMPLE,
    )  # fmt: skip
    means.train(rows)
    centroids: Vectors = l2_normalize(means.centroids, _TINY)
    return centroids


def _assigned(
    items: AssetPoints, centroids: Vectors
) -> tuple[Places, NDArray[np.float32], Vectors]:
    labels = np.empty(len(items), np.int64)
    cosines = np.empty(len(items), np.float32)
    for first, rows in items.blocks():
        scores = rows @ centroids.T
        best = scores.argmax(axis=1)
        labels[first : first + len(rows)] = best
        cosines[first : first + len(rows)] = scores[np.arange(len(rows)), best]
    return labels, cosines, centroids


def findings(
    store: Store, items: AssetPoints, found: Clusters, names: Sequence[str], first: int = 1
) -> list[Finding]:
    """Return a finding for each item: a ``representative`` or ``member`` of its cluster.

    Args:
        first: the number of the first cluster; the others follow in order.
    """
    paths = paths_of(store, items.assets)
    listed = []
    for group in range(len(found)):
        for rank, place in enumerate(found.members(group).tolist()):
            asset = int(items.assets[place])
            if asset not in paths:
                continue
            near = float(found.cosines[place])
            verdict = "representative" if rank < REPRESENTATIVES else "member"
            why = f"cluster {first + group} ({names[group]}), cosine {near:.3f} with its centre"
            moment = int(items.moments[place])
            listed.append(Finding(asset, moment, paths[asset], verdict, first + group, near, why))
    return listed


# --- names --------------------------------------------------------------------------

_BANK = 2_000
"""Texts that may name a cluster of which no tag is typical."""
_NAMED_BY = 200
"""Members that a cluster is named by, drawn evenly from the nearest to the farthest."""
_WORDS = 3
"""Words of a name."""
_RARE = 0.02
"""Weight that a word has everywhere, so that one odd tag names no cluster."""
_ENOUGH = 0.05
"""Mean weight of a word in a cluster, below which it says nothing of it."""


def tag_weights(store: Store, items: AssetPoints, found: Clusters) -> list[dict[str, float]]:
    """Return, for each cluster, the tags of its moments with their mean weight."""
    return [_weights(store, items, _drawn(found.members(group))) for group in range(len(found))]


def candidate_texts(of_tags: Sequence[Mapping[str, float]], phrases: Sequence[str]) -> list[str]:
    """Return texts that may name a cluster of which no tag is typical.

    They are all tags, the weightiest first, or ``phrases`` where there are no tags.
    """
    total: Counter[str] = Counter()
    for weights in of_tags:
        total.update(weights)
    words = [word for word, _ in total.most_common(_BANK)]
    return words or [" ".join(phrase.split()) for phrase in phrases]


def name_clusters(
    of_tags: Sequence[Mapping[str, float]], bank: Mapping[str, Vectors], centres: Vectors
) -> list[str]:
    """Name each cluster by a few words: tags that are typical of it, or else near texts.

    Args:
        bank: texts with their vectors (dim,) in the shared space.
        centres: of the clusters there, (k, dim), zeros where it is not known.
    """
    typical, near = distinctive(of_tags), nearest_texts(centres, bank)
    return [
        ", ".join(words or others) or "no words"
        for words, others in zip(typical, near, strict=True)
    ]


def sample_members(found: Clusters) -> list[Places]:
    """Return the members that each cluster is named by."""
    return [np.sort(_drawn(found.members(group))) for group in range(len(found))]


def _drawn(members: Places) -> Places:
    kept = min(len(members), _NAMED_BY)
    return members[np.arange(kept) * len(members) // kept]


def _weights(store: Store, items: AssetPoints, places: Places) -> dict[str, float]:
    """Return the mean weight of each tag over the moments of some items."""
    weights: dict[str, float] = {}
    for record in store.records(items.moments[places]).values():
        for tag in record.moment.tags:
            weights[tag.word] = weights.get(tag.word, 0.0) + tag.weight / len(places)
    return weights


def distinctive(tagged: Sequence[Mapping[str, float]]) -> list[list[str]]:
    """Return, for each group, the words that are typical of it.

    A word is scored by its mean weight in the group, times the logarithm of how much more
    that is than in the others.
    """
    total: dict[str, float] = {}
    for weights in tagged:
        for word, weight in weights.items():
            total[word] = total.get(word, 0.0) + weight
    others, chosen = max(len(tagged) - 1, 1), []
    for weights in tagged:
        scores = {
            word: weight * math.log((weight + _RARE) / ((total[word] - weight) / others + _RARE))
            for word, weight in weights.items()
            if weight >= _ENOUGH
        }
        best = sorted(scores, key=lambda word: (-scores[word], word))
        chosen.append([word for word in best if scores[word] > 0 or len(tagged) == 1][:_WORDS])
    return chosen


def nearest_texts(centres: Vectors, bank: Mapping[str, Vectors]) -> list[list[str]]:
    """Return, for each centre (k, dim), the texts nearest to it, less the mean of all centres."""
    known = np.abs(centres).sum(axis=1) > 0 if centres.size else np.zeros(len(centres), bool)
    if not bank or not known.any():
        return [[] for _ in centres]
    words = list(bank)
    apart = centres - centres[known].mean(axis=0) if known.sum() > 1 else centres
    scores = apart @ np.stack(list(bank.values())).T
    best = np.argsort(-scores, axis=1, kind="stable")[:, :_WORDS]
    return [[words[i] for i in row] if ok else [] for row, ok in zip(best, known, strict=True)]
