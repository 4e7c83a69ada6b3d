"""Measures of how well captions find pictures that nothing was learned from. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.align.caption_fit import CaptionedPictures
from engine.align.measure import standing
from engine.encoders.caption_head import CaptionHead
from engine.query.calibration.log_odds import estimate, expected, log_odds
from engine.types import Modality
from engine.types.arrays import Vectors

_SURE = 1.96
"""Standard errors that an interval of 95 % reaches to each side."""


@dataclass(frozen=True, slots=True)
class CaptionMeasures:
    """Figures of retrieval of pictures by their captions, means over pictures."""

    recall_1: float
    recall_10: float
    mrr: float
    """Mean reciprocal rank."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Retrieval without a head and with it, on pictures that it was not learned from."""

    among: int
    """Pictures that each caption chooses among, on average."""
    before: CaptionMeasures
    after: CaptionMeasures
    gain: CaptionMeasures
    error: CaptionMeasures
    """Half of the interval of 95 % of each gain, over pictures."""


def measure_folds(
    parts: Iterable[tuple[CaptionHead, CaptionedPictures]], phrases: Mapping[str, Vectors]
) -> Measured:
    """Measure heads on the pictures that were held out of each, as a search ranks them.

    A search takes the better of what each space says of a picture (``engine.query.families``).

    Args:
        phrases: the bank of phrases in each space that texts are asked in, (q, dim).
    """
    rows, counts = [], []
    for head, pictures in parts:
        before = np.max([_odds(pictures, phrases, space) for space in pictures.texts], axis=0)
        after = np.maximum(before, _odds_of_head(head, pictures, phrases))
        rows.append(np.stack([_figures(scores, pictures) for scores in (before, after)]))
        counts.append(len(pictures))
    figures = np.concatenate(rows, axis=1)  # (2, pictures, figures)
    gains = figures[1] - figures[0]
    errors = _SURE * gains.std(0, ddof=1) / np.sqrt(len(gains))
    return Measured(
        round(float(np.mean(counts))), *(CaptionMeasures(*map(float, row)) for row in (
            figures[0].mean(0), figures[1].mean(0), gains.mean(0), errors,
        ))
    )  # fmt: skip


def _odds(
    pictures: CaptionedPictures, phrases: Mapping[str, Vectors], space: str
) -> NDArray[np.float64]:
    return _against(pictures.texts[space], pictures.vectors[space], phrases[space])


def _odds_of_head(
    head: CaptionHead, pictures: CaptionedPictures, phrases: Mapping[str, Vectors]
) -> NDArray[np.float64]:
    asked = head.asked
    return _against(
        head.place_texts(pictures.texts[asked]),
        head.place_pictures(pictures.vectors),
        head.place_texts(phrases[asked]),
    )


def _against(texts: Vectors, pictures: Vectors, phrases: Vectors) -> NDArray[np.float64]:
    """Return the log odds of texts (m, dim) and pictures (n, dim), (m, n), as searches do."""
    background = estimate(("", "text", Modality.IMAGE), phrases, pictures)
    mean = expected(background, pictures)
    scores = (texts @ pictures.T).astype(np.float64)
    flat = log_odds(scores.ravel(), np.tile(mean, len(texts)), background)
    return flat.reshape(scores.shape)


def _figures(scores: NDArray[np.float64], pictures: CaptionedPictures) -> NDArray[np.float64]:
    """Return the figures of each picture, means over its captions, (n, 3)."""
    right = np.equal.outer(pictures.groups[pictures.picture], pictures.groups)
    above, level = standing(scores, right)
    # Of pictures that are level, any may come first: a rank in their middle would have a smaller
    # reciprocal than they have on average, and any noise between them would count as a gain.
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, scores.shape[1] + 1))])
    figures: Sequence[NDArray[np.float64]] = (
        np.clip((1 - above) / (level + 1), 0, 1),
        np.clip((10 - above) / (level + 1), 0, 1),
        (harmonic[above + level + 1] - harmonic[above]) / (level + 1),
    )
    counts = np.bincount(pictures.picture, minlength=len(pictures))
    means = [np.bincount(pictures.picture, row, len(pictures)) / counts for row in figures]
    return np.stack(means, axis=1)
