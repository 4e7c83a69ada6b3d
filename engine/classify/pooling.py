"""Pooling of the labels of moments into those of their asset.

One label: the mean over the moments of an asset decides within a modality, and of several
modalities (what is seen, heard and said in a video) the one that stands out most. The
moment that is likest the label is the one that is pointed at. Many labels: each counts
where any moment shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.classify import calibration
from engine.classify.scores import Scorer
from engine.index.vector_stream import LibraryMoments
from engine.types import Modality
from engine.types.arrays import MomentIds


@dataclass(frozen=True)
class Guesses:
    """The most probable labels of n assets, best first."""

    assets: MomentIds
    """(n,)."""
    modalities: NDArray[np.int8]
    """The place in ``ORDER`` of the modality that decided, (n,)."""
    moments: MomentIds
    """The moment that decided, (n,)."""
    labels: NDArray[np.int64]
    """(n, top); -1 where there are no more."""
    probabilities: NDArray[np.float32]
    """(n, top)."""
    known: NDArray[np.float32]
    """Probability that it is any of the labels, (n,)."""

    def __len__(self) -> int:
        return len(self.assets)

    def at(self, places: NDArray[np.int64]) -> Guesses:
        """Return the guesses at some places."""
        return Guesses(*(getattr(self, name)[places] for name in self.__dataclass_fields__))


ORDER = tuple(Modality)
CLASSIFIED = (Modality.IMAGE, Modality.KEYFRAME, Modality.SOUND, Modality.SPEECH)
"""Modalities that labels are about. Text on screen is not: a sign that says "dog" shows no dog."""


def one_label(
    parts: Iterable[LibraryMoments], scorers: Mapping[Modality, Scorer], top: int
) -> Guesses:
    """Choose one of the labels for each asset."""
    found = [_pooled(rows, scorers[rows.modality], top) for rows in parts]
    return _strongest(found, top)


def _pooled(rows: LibraryMoments, scorer: Scorer, top: int) -> tuple[Guesses, NDArray[np.float32]]:
    scored = scorer.one_of(rows.pooled(), top)
    moments = rows.ids
    if not rows.single:
        best = scorer.directions[scored.labels[rows.of, 0]]
        moments = rows.ids[_firsts(rows.of, np.einsum("ij,ij->i", rows.vectors, best))]
    decided = np.full(len(rows.assets), ORDER.index(rows.modality), np.int8)
    known = calibration.probability(scored.evidence)
    guesses = Guesses(rows.assets, decided, moments, scored.labels, scored.probabilities, known)
    return guesses, scored.evidence


def _firsts(groups: NDArray[np.int64], scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the place of the greatest score of each group.

    Args:
        groups: the group of each score, numbered from 0, (n,).
    """
    order = np.lexsort((-scores, groups))
    firsts: NDArray[np.int64] = order[np.flatnonzero(np.diff(groups[order], prepend=-1))]
    return firsts


def _strongest(found: list[tuple[Guesses, NDArray[np.float32]]], top: int) -> Guesses:
    """Keep, of an asset's guesses by several modalities, the one with most evidence."""
    if not found:
        return _nothing(top)
    if len(found) == 1:
        return found[0][0]
    together = _joined([guesses for guesses, _ in found])
    evidence = np.concatenate([evidence for _, evidence in found])
    order = np.lexsort((-evidence, together.assets))
    assets = together.assets[order]
    return together.at(order[np.flatnonzero(np.diff(assets, prepend=assets[0] - 1))])


def _nothing(top: int) -> Guesses:
    ids, none = np.zeros(0, np.int64), np.zeros(0, np.float32)
    labels = np.zeros((0, top), np.int64)
    return Guesses(ids, np.zeros(0, np.int8), ids, labels, labels.astype(np.float32), none)


def _joined(parts: list[Guesses]) -> Guesses:
    names = Guesses.__dataclass_fields__
    return Guesses(*(np.concatenate([getattr(part, n) for part in parts]) for n in names))


# --- many labels --------------------------------------------------------------------


def any_labels(
    parts: Iterable[LibraryMoments], scorers: Mapping[Modality, Scorer], top: int
) -> Guesses:
    """Decide each label by itself, by the moment of an asset where it is most probable."""
    pieces = list(_by_moment(parts, scorers, top))
    if not pieces:
        return _nothing(top)
    together = _joined(pieces)
    order = np.argsort(together.assets, kind="stable")
    assets = together.assets[order]
    starts = np.flatnonzero(np.diff(assets, prepend=assets[0] - 1))
    if len(starts) == len(order):
        return together.at(order)
    groups = np.split(order, starts[1:])
    return _joined([_greatest(together, group) for group in groups])


def _by_moment(
    parts: Iterable[LibraryMoments], scorers: Mapping[Modality, Scorer], top: int
) -> Iterator[Guesses]:
    for rows in parts:
        scored = scorers[rows.modality].each(rows.vectors, top)
        decided = np.full(len(rows.ids), ORDER.index(rows.modality), np.int8)
        known = scored.probabilities[:, 0]
        owners = rows.assets[rows.of]
        yield Guesses(owners, decided, rows.ids, scored.labels, scored.probabilities, known)


def _greatest(together: Guesses, group: NDArray[np.int64]) -> Guesses:
    """Combine the guesses of one asset's moments into one."""
    if len(group) == 1:
        return together.at(group)
    labels, odds = together.labels[group].ravel(), together.probabilities[group].ravel()
    order = np.argsort(-odds, kind="stable")
    _, first = np.unique(labels[order], return_index=True)
    width = together.labels.shape[1]
    chosen = order[np.sort(first)][:width]
    asset = together.at(group[chosen[:1] // width])
    # Wider than what is left where moments agree about the labels.
    named, sure = np.full((1, width), -1), np.zeros((1, width), np.float32)
    named[0, : len(chosen)], sure[0, : len(chosen)] = labels[chosen], odds[chosen]
    return Guesses(asset.assets, asset.modalities, asset.moments, named, sure, odds[chosen[:1]])
