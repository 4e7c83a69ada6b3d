"""Find all pairs of vectors whose cosine reaches a threshold, from disk, and never N x N.

Three sieves, each a hundredth of what the next would cost on all pairs:

1. k-means lists. A vector is compared with the members of the lists that are nearest to
   it, and every pair is looked at from both sides. How many lists is measured: for a
   sample of rows with all their true neighbours, and for pairs at just the threshold.
2. Principal components, some 96 of them, in which the lists are scanned by matrix
   products. Projecting shortens distances (the lower bound of GEMINI, Agrawal et al. 1993),
   so what is too far apart there is too far apart, and this loses no pair.
3. The exact cosine, of the few that are left.

Product codes of 4 bits, with which ``engine.index`` finds the nearest ten, would need a
margin for their error that at a threshold, unlike at the top of a ranking, lets most of a
list through. Where no number of lists finds enough, all of them are scanned, which is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.vectors import chunks
from engine.index.exact import import_faiss
from engine.index.matrix import MOMENT_BLOCK, MomentVectors
from engine.index.vector_index import drawn
from engine.types.arrays import Vectors

_COMPONENTS = 96
"""Principal components of the second sieve."""
_TRAINED_ON = 20_000
"""Rows that the components are found from."""
_ONE_LIST = 8_000
"""Rows up to which lists would save nothing."""
_PER_LIST = 1_000
"""Rows of a list."""
_SAMPLE = 384
"""Rows whose true neighbours tell how many lists to scan."""
_RECALL = 0.997
"""Share of the measured pairs that the lists must find."""
_ROUNDING = 0.02
"""Error of float16 that is allowed for in a squared distance."""
_QUERIES_PER_PRODUCT = 2_048
"""Queries of one matrix product."""

MOST = 24
"""Neighbours of a row that are worth a closer look."""
_WAITING = 2_000_000
"""Pairs that are gathered before those past the nearest are dropped."""

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SimilarPairs:
    """Some pairs of rows: places (m,), the first of each smaller, and cosines (m,)."""

    first: Places
    second: Places
    cosines: NDArray[np.float32]


def pairs(rows: MomentVectors, threshold: float, seed: int = 0) -> Iterator[SimilarPairs]:
    """Yield every pair of rows whose cosine is ``threshold`` or more, some thousands at a time.

    Memory holds 200 bytes a row, and a block of products. The order depends on the rows
    and the seed alone.
    """
    if len(rows) < 2:
        return
    sieve = _Sieve.of(rows, threshold, seed)
    for members, queries in sieve.work():
        yield from sieve.scan(members, queries)


def best_pairs(
    rows: MomentVectors, threshold: float, seed: int = 0, most: int = MOST
) -> SimilarPairs:
    """Return the pairs of rows whose cosine is ``threshold`` or more, best first.

    Where a row has more than ``most``, only its nearest count. Memory holds no more than
    those.
    """
    best, waiting, count = _none(), [_none()], 0
    for part in pairs(rows, threshold, seed):
        waiting.append(part)
        count += len(part.first)
        if count > max(_WAITING, len(best.first)):
            best, waiting, count = _nearest(_joined([best, *waiting]), most), [], 0
    best = _nearest(_joined([best, *waiting]), most)
    order = np.lexsort((best.second, best.first, -best.cosines))
    return SimilarPairs(best.first[order], best.second[order], best.cosines[order])


def _none() -> SimilarPairs:
    empty = np.zeros(0, np.int64)
    return SimilarPairs(empty, empty, np.zeros(0, np.float32))


def _joined(parts: Sequence[SimilarPairs]) -> SimilarPairs:
    return SimilarPairs(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
        np.concatenate([part.cosines for part in parts]),
    )


def _nearest(pairs: SimilarPairs, most: int) -> SimilarPairs:
    """Keep the pairs that are among the ``most`` nearest of either of their rows."""
    owners = np.concatenate([pairs.first, pairs.second])
    order = np.lexsort((-np.tile(pairs.cosines, 2), owners))
    begins = np.searchsorted(owners[order], owners[order])
    near = np.zeros(len(owners), np.bool_)
    near[order] = np.arange(len(order)) - begins < most
    kept = near[: len(pairs.first)] | near[len(pairs.first) :]
    return SimilarPairs(pairs.first[kept], pairs.second[kept], pairs.cosines[kept])


@dataclass(frozen=True, eq=False)
class _Sieve:
    rows: MomentVectors
    threshold: float
    small: NDArray[np.float16]
    """(n, k): the rows in their principal components."""
    probes: NDArray[np.int32]
    """(n, p): the lists in which a row looks, its own first."""

    @classmethod
    def of(cls, rows: MomentVectors, threshold: float, seed: int) -> _Sieve:
        small = _projected(rows)
        if len(rows) <= _ONE_LIST:
            return cls(rows, threshold, small, np.zeros((len(rows), 1), np.int32))
        centroids = _centroids(small, seed)
        count = _enough(rows, small, centroids, threshold, seed)
        return cls(rows, threshold, small, _nearest_lists(small, centroids, count))

    def work(self) -> Iterator[tuple[Places, Places]]:
        """Yield, for each list, its members and the rows that are compared with them."""
        lists = int(self.probes.max()) + 1
        width = self.probes.shape[1]
        members, starts = grouped(self.probes[:, 0], lists)
        askers, begins = grouped(self.probes.reshape(-1), lists)
        for number in range(lists):
            of_list = members[starts[number] : starts[number + 1]]
            asking = askers[begins[number] : begins[number + 1]] // width
            for part in chunks(of_list, MOMENT_BLOCK):
                yield part, asking

    def scan(self, members: Places, queries: Places) -> Iterator[SimilarPairs]:
        """Yield the pairs of queries with members of one list, each pair once."""
        listed = self.small[members].astype(np.float32)
        most = 2 - 2 * self.threshold + _ROUNDING
        # |x - y|^2 <= most as one product with two more components, so that all that is
        # done to its many elements is to look at their sign.
        far = (listed**2).sum(1, keepdims=True) / -2
        listed = np.concatenate([listed, np.ones_like(far), far], axis=1)
        for asking in chunks(queries, _QUERIES_PER_PRODUCT):
            asked = self.small[asking].astype(np.float32)
            room = (most - (asked**2).sum(1, keepdims=True)) / 2
            asked = np.concatenate([asked, room, np.ones_like(room)], axis=1)
            close = np.flatnonzero((asked @ listed.T).reshape(-1) >= 0)
            asker, member = np.divmod(close, len(members))
            yield from self._exact(asking[asker], members[member])

    def _exact(self, asking: Places, members: Places) -> Iterator[SimilarPairs]:
        kept = asking != members
        # A pair that is found from both sides counts where the smaller asks.
        seen_back = (self.probes[members] == self.probes[asking, 0][:, None]).any(1)
        kept &= (asking < members) | ~seen_back
        low, high = np.minimum(asking, members)[kept], np.maximum(asking, members)[kept]
        for at in range(0, len(low), _QUERIES_PER_PRODUCT):
            part = slice(at, at + _QUERIES_PER_PRODUCT)
            first, second = low[part], high[part]
            cosines = np.einsum("ij,ij->i", self.rows.rows(first), self.rows.rows(second))
            near = cosines >= self.threshold
            if near.any():
                yield SimilarPairs(first[near], second[near], cosines[near])


def _projected(rows: MomentVectors) -> NDArray[np.float16]:
    """Project the rows onto their first principal components, (n, k)."""
    sample = rows.rows(drawn(len(rows), _TRAINED_ON))
    centre = sample.mean(0)
    axes = np.ascontiguousarray(_principal_axes(sample - centre)[:, :_COMPONENTS], np.float32)
    small = np.empty((len(rows), axes.shape[1]), np.float16)
    for at, block in rows.blocks():
        small[at : at + len(block)] = (block - centre) @ axes
    return small


def _principal_axes(centred: Vectors) -> NDArray[np.floating[Any]]:
    """Return the principal components of centred rows, in columns, that of most variance first."""
    rows, dim = centred.shape
    if rows < dim / 2:  # 20 rows of 1,280 values take 18 ms in place of 1.3 s, 1,200 twice as long
        axes: NDArray[np.floating[Any]] = np.linalg.svd(centred, full_matrices=False)[2].T
    else:
        axes = np.linalg.eigh(np.cov(centred.T))[1][:, ::-1]
    return axes


def _centroids(small: NDArray[np.float16], seed: int) -> Vectors:
    faiss = import_faiss()
    lists = max(2, len(small) // _PER_LIST)
    sample = small[drawn(len(small), 64 * lists)].astype(np.float32)
    means = faiss.Kmeans(
        small.shape[1], lists, niter=8, seed=seed + 1, min_points_per_centroid=1,
        max_points_per_centroid=1_000_000,
    )  # fmt: skip
    means.train(sample)
    found: Vectors = means.centroids
    return found


def _nearest_lists(small: NDArray[np.float16], centroids: Vectors, count: int) -> NDArray[np.int32]:
    flat = _flat(centroids)
    found = np.empty((len(small), count), np.int32)
    for at in range(0, len(small), MOMENT_BLOCK):
        _, lists = flat.search(small[at : at + MOMENT_BLOCK].astype(np.float32), count)
        found[at : at + MOMENT_BLOCK] = lists
    return found


def _flat(centroids: Vectors) -> Any:
    flat = import_faiss().IndexFlatL2(centroids.shape[1])
    flat.add(centroids)
    return flat


def _enough(
    rows: MomentVectors, small: NDArray[np.float16], centroids: Vectors, threshold: float, seed: int
) -> int:
    """Measure in how many lists a row has to look for almost every pair to be found."""
    sample = drawn(len(rows), _SAMPLE)
    first, second = _true_pairs(rows, sample, threshold)
    x, y = small[first].astype(np.float32), small[second].astype(np.float32)
    made = _made_pairs(small, sample, threshold, seed)
    needed = [_ranks(a, b, centroids) for a, b in ((x, y), made)]
    most = len(centroids)
    for count in (4, 8, 16, 32, 64, 128):
        if count < most and all(
            (ranks < count).mean() >= _RECALL for ranks in needed if len(ranks)
        ):
            return count
    return most


def _true_pairs(rows: MomentVectors, sample: Places, threshold: float) -> tuple[Places, Places]:
    """Return the pairs of a sample with all rows."""
    asked = rows.rows(sample)
    firsts, seconds = [], []
    for at, block in rows.blocks():
        near, places = np.nonzero(asked @ block.T >= threshold)
        firsts.append(sample[near])
        seconds.append(places + at)
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    return first[first != second], second[first != second]


def _made_pairs(
    small: NDArray[np.float16], sample: Places, threshold: float, seed: int
) -> tuple[Vectors, Vectors]:
    """Make pairs of rows with points at just the threshold from them, towards other rows.

    A library may have few pairs to measure with, and those at the edge are the hardest.
    """
    x = small[sample].astype(np.float32)
    others = small[np.random.default_rng(seed).permutation(sample)].astype(np.float32)
    way = others - x
    length = np.linalg.norm(way, axis=1, keepdims=True)
    step = np.minimum(np.sqrt(2 - 2 * threshold) / np.maximum(length, 1e-9), 1.0)
    kept = length[:, 0] > 1e-6
    return x[kept], (x + step * way)[kept]


def _ranks(x: Vectors, y: Vectors, centroids: Vectors) -> NDArray[np.int64]:
    """Return in how many lists, less one, one of a pair has to look to find the other."""
    if not len(x):
        return np.zeros(0, np.int64)
    ranks = []
    for a, b in ((x, y), (y, x)):
        _, own = _flat(centroids).search(b, 1)
        far = ((a - centroids[own[:, 0]]) ** 2).sum(1)
        closer = np.zeros(len(a), np.int64)
        for at in range(0, len(a), _QUERIES_PER_PRODUCT):
            part = a[at : at + _QUERIES_PER_PRODUCT]
            all_far = (
                (part**2).sum(1)[:, None] - 2 * part @ centroids.T + (centroids**2).sum(1)[None]
            )
            closer[at : at + _QUERIES_PER_PRODUCT] = (
                all_far < far[at : at + _QUERIES_PER_PRODUCT, None] - 1e-5
            ).sum(1)
        ranks.append(closer)
    found: NDArray[np.int64] = np.minimum(*ranks)
    return found


def grouped(labels: NDArray[np.int32], count: int) -> tuple[Places, Places]:
    """Return places by label, in their order, and where each label's begin (count + 1,)."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(count + 1))
    return order, starts
