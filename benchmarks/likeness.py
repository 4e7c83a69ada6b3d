"""Whether what `similar` says of its hits is true: how probably they are of the example's sort.

    python -m benchmarks.likeness --data DIR

Every recording is asked as an example of the others, against backgrounds that are estimated as
`index` does, and those of its own label are right. The coefficients were fitted on half of the
words of sound-words; the figures are of the other half, and of two collections that nothing was
fitted to. Recordings of one group (names of one sound, near copies) are no answers to each other.
Calibration error is that of the first ten hits in ten bins of equal width.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import (
    Row,
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    machine,
    need,
)
from benchmarks.confidence import calibration_error
from engine.common.vectors import l2_normalize
from engine.config import Settings
from engine.encoders.compact.sounds import CompactSounds
from engine.query.calibration.confidence import LIKELY, confidence
from engine.query.calibration.log_odds import estimate, expected, log_odds
from engine.training.sounds import read_corpus, read_labels
from engine.types import Branch, BranchScores, Modality, PartKind, QueryPart
from engine.types.arrays import Vectors

_TOP, _SAMPLE, _EXAMPLES, _SEED = 10, 1_000, 200, 1
_ITSELF = 0.999
_ERROR, _RIGHT = 0.06, 0.6
_SETS = ("sounds", "sounds-more")


def first_alike(
    rows: Vectors, labels: NDArray[np.str_], groups: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the probabilities of the first hits of each example, and which of them are right."""
    sample = np.random.default_rng(0).permutation(rows)[:_SAMPLE]
    known = estimate(("space", "audio", Modality.SOUND), sample[:_EXAMPLES], sample)
    mean = expected(known, rows)
    part = QueryPart("/example", PartKind.AUDIO)
    branch = Branch("audio", "space", Modality.SOUND, (part,), vectors=len(rows))
    sure, right = [], []
    for place, example in enumerate(rows):
        raw = (rows @ example).astype(np.float64)
        odds = log_odds(raw, mean, known)
        scored = BranchScores(branch, np.arange(len(rows)), raw, odds, mean, known.std)
        others = np.flatnonzero((groups != groups[place]) & (raw < _ITSELF))
        best = others[np.argsort(-odds[others], kind="stable")[:_TOP]]
        sure.append(confidence(odds, float(odds.max()), [scored])[best])
        right.append(labels[best] == labels[place])
    return np.concatenate(sure), np.concatenate(right)


def _other_half(data: Path) -> tuple[Vectors, NDArray[np.str_], NDArray[np.int64]]:
    """Return the recordings of the words that nothing was fitted to, their labels and groups."""
    with np.load(data / "sound-words" / "features.npz", allow_pickle=False) as kept:
        taken = kept["recommended"]
        rows, labels, groups = (kept[name][taken] for name in ("features", "label", "group"))
    words = np.random.default_rng(_SEED).permutation(np.unique(labels))
    other = ~np.isin(labels, words[: len(words) // 2])
    numbers = np.unique(groups[other], return_inverse=True)[1]
    return l2_normalize(rows[other].astype(np.float32)), labels[other], numbers


def _rows(data: Path) -> Iterator[Row]:
    yield _row("half of the words of sound-words", *first_alike(*_other_half(data)), _ERROR)
    settings = Settings.from_env()
    for name in _SETS:
        files = read_labels(data / name, "labels.csv")
        corpus = read_corpus(CompactSounds(settings), settings, files)
        found = first_alike(l2_normalize(corpus.features), corpus.labels, corpus.recordings)
        yield _row(f"{name}, nothing fitted to", *found, None)


def _row(name: str, sure: NDArray[np.float64], right: NDArray[np.bool_], most: float | None) -> Row:
    likely = sure >= LIKELY
    share = float(right[likely].mean()) if likely.any() else 0.0
    error = calibration_error(sure, right)
    return (
        name, f"{error:.3f}", f"{sure.mean():.3f}", f"{right.mean():.3f}",
        f"{share:.3f} of {likely.sum()}",
        at_least(share, _RIGHT) if most is None else at_most(error, most),
    )  # fmt: skip


@command(__doc__)
@data_option
def main(data: Path) -> None:
    need(data / "sound-words" / "features.npz", *(data / name / "labels.csv" for name in _SETS))
    conclude(
        f"The first ten hits of recordings asked as examples; {machine()}.",
        ("recordings", "calibration error", "stated", "right", "right, of what is likely"),
        list(_rows(data)),
    )


if __name__ == "__main__":
    main()
