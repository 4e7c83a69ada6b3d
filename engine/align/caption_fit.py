"""Fitting of a head that takes pictures to their captions, in closed form. Pure.

The head adds to what a space says of a picture what a ridge regression on the picture's
features finds of the rest: of photographs that 100 captions were learned from, a space without a
caption head has R@10 0.46 among 1,000, the regression alone 0.47, and both together 0.60.
Texts are whitened in part by the spread of captions: what all captions share says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.align.measure import ranks_of
from engine.encoders.caption_head import CaptionHead, place_own, scaled_inputs
from engine.encoders.projection import roots_of
from engine.types.arrays import Vectors

_PENALTIES = (0.5, 2.0, 8.0, 32.0)
"""Ridge penalties that are tried, in mean variances of an input."""
_SHRINKAGE = 0.1
"""Variance that is added to captions in each direction, in mean variances. With 1, R@10 of 4,000
captioned photographs is 0.78 and not 0.79, and that of 100 is 0.56 and not 0.54."""
_POWER = -0.25
"""Power of the captions' covariance: half of whitening, which loses 0.06 with 100 captions."""
_LEAST_DEVIATION = 0.05
"""Deviation of a feature below which it is not scaled to 1, in deviations of all."""
_SAME = 0.99
"""Cosine in the space of likeness from which two pictures count as one."""
_BLOCK = 512
_VALIDATION = 0.2
"""Part of the pictures that the penalty is chosen by."""


@dataclass(frozen=True, slots=True, eq=False)
class CaptionedPictures:
    """n pictures with their vectors, and m captions of them."""

    vectors: Mapping[str, Vectors]
    """By space, (n, dim), L2-normalised."""
    texts: Mapping[str, Vectors]
    """By the spaces that texts are asked in, (m, dim), L2-normalised."""
    picture: NDArray[np.int64]
    """The row of the picture that each caption is of, (m,)."""
    groups: NDArray[np.int64]
    """The number of each picture, (n,); copies of a picture have the same."""

    def __len__(self) -> int:
        return len(self.groups)

    def of(self, chosen: NDArray[np.bool_]) -> CaptionedPictures:
        """Return those pictures, marked (n,), with their captions."""
        captions = chosen[self.picture]
        place = np.cumsum(chosen) - 1
        return CaptionedPictures(
            {space: rows[chosen] for space, rows in self.vectors.items()},
            {space: rows[captions] for space, rows in self.texts.items()},
            place[self.picture[captions]],
            self.groups[chosen],
        )


def copies_of(vectors: Vectors) -> NDArray[np.int64]:
    """Return, for each picture (n, dim), the number of the first that it is a copy of, (n,)."""
    groups = np.arange(len(vectors), dtype=np.int64)
    for first in range(0, len(vectors), _BLOCK):
        alike = vectors[first : first + _BLOCK] @ vectors.T >= _SAME
        for row, earlier in enumerate(alike.argmax(1).tolist(), first):
            groups[row] = groups[min(earlier, row)]
    return groups


def folds(groups: NDArray[np.int64], count: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Yield each of ``count`` parts of the pictures, marked (n,). No group is in two."""
    drawn = np.random.default_rng(seed).permutation(np.unique(groups))
    for part in np.array_split(drawn, count):
        yield np.isin(groups, part)


def fit_head(
    pictures: CaptionedPictures, asked: Sequence[str], inputs: str, seed: int
) -> CaptionHead:
    """Fit a head to captioned pictures.

    The space that it begins with and the penalty are chosen on a part of the pictures that is
    held out at first; then it is fitted to all.

    Args:
        asked: the spaces that texts are asked in and it may begin with.
        inputs: the space whose vectors are the features.
    """
    held_out = next(folds(pictures.groups, round(1 / _VALIDATION), seed))
    known, validation = pictures.of(~held_out), pictures.of(held_out)
    tried = {
        (space, penalty): _merit(head, validation)
        for space in asked
        for penalty, head in _heads(known, space, inputs, _PENALTIES)
    }
    space, penalty = max(tried, key=lambda choice: tried[choice])
    ((_, head),) = _heads(pictures, space, inputs, (penalty,))
    return head


def _heads(
    pictures: CaptionedPictures, asked: str, inputs: str, penalties: Sequence[float]
) -> Iterator[tuple[float, CaptionHead]]:
    """Yield a head for each penalty."""
    text_mean, text_map = _whitening(pictures.texts[asked])
    target = _mean_caption(place_own(pictures.texts[asked], text_mean, text_map), pictures)
    picture_mean = pictures.vectors[asked].mean(0)
    own = place_own(pictures.vectors[asked], picture_mean, text_map)
    share = max(0.0, float((own * target).sum() / max(float((own * own).sum()), 1e-9)))
    roots = bool((pictures.vectors[inputs] >= 0).all())
    rows = roots_of(pictures.vectors[inputs]) if roots else pictures.vectors[inputs]
    mean, deviation = rows.mean(0), rows.std(0)
    scale = np.maximum(deviation, rows.std() * _LEAST_DEVIATION) * np.float32(np.sqrt(len(mean)))
    scaled = scaled_inputs(pictures.vectors[inputs], roots, mean, scale)
    for penalty, weights in _ridge(scaled, target - share * own, penalties):
        yield (
            penalty,
            CaptionHead(
                asked, inputs, text_mean, text_map, picture_mean, mean, scale, weights, share, roots
            ),
        )


def _whitening(texts: Vectors) -> tuple[Vectors, Vectors]:
    """Return the mean (dim,) of texts (m, dim), and the map (dim, dim) that evens their spread."""
    mean = texts.mean(0)
    rows = (texts - mean).astype(np.float64)
    spread = rows.T @ rows / len(rows)
    level = float(np.trace(spread)) / len(spread)
    spread[np.diag_indices(len(spread))] += _SHRINKAGE * max(level, 1e-9)
    values, directions = np.linalg.eigh(spread)
    whiten = (directions * values**_POWER) @ directions.T
    whiten /= np.sqrt(np.trace(whiten @ spread @ whiten))
    return mean, whiten.astype(np.float32)


def _mean_caption(texts: Vectors, pictures: CaptionedPictures) -> Vectors:
    """Return the mean caption (n, dim) of each picture, less that of all."""
    sums = np.zeros((len(pictures), texts.shape[1]), np.float32)
    np.add.at(sums, pictures.picture, texts)
    counts = np.bincount(pictures.picture, minlength=len(pictures))
    means = sums / np.maximum(counts, 1)[:, None]
    centred: Vectors = means - means.mean(0)
    return centred


def _ridge(
    inputs: Vectors, targets: Vectors, penalties: Sequence[float]
) -> Iterator[tuple[float, Vectors]]:
    """Yield the weights (inputs, dim) of a ridge regression for each penalty.

    One decomposition serves all: of the features' products, or of the pictures' where those
    are fewer.
    """
    count, width = inputs.shape
    rows, out = inputs.astype(np.float64), targets.astype(np.float64)
    level = float((rows * rows).sum()) / width
    few = count < width
    values, directions = np.linalg.eigh(rows @ rows.T if few else rows.T @ rows)
    turned = directions.T @ (out if few else rows.T @ out)
    for penalty in penalties:
        solved = directions @ (turned / (values + penalty * level)[:, None])
        yield penalty, (rows.T @ solved if few else solved).astype(np.float32)


def _merit(head: CaptionHead, pictures: CaptionedPictures) -> float:
    """Return the mean reciprocal rank of pictures by their captions."""
    placed = head.place_pictures(pictures.vectors)
    scores = head.place_texts(pictures.texts[head.asked]) @ (placed - placed.mean(0)).T
    right = np.equal.outer(pictures.groups[pictures.picture], pictures.groups)
    return float((1 / ranks_of(scores, right)).mean())
