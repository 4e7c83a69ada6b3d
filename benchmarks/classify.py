"""Quality of zero-shot classification: pictures, none of these, sounds, and examples.

    python -m benchmarks.classify --data DIR

Pictures go through a library, as users classify them. Sounds are held out: each clip is
heard by a head that was trained without its fold, as in ``sounds``. Where files are left
out at random, figures are means over five draws.

The two constants that say how sure the towers are (``engine/classify/calibration.py``) were set
on every second file, so calibration is also given for the others alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import (
    Indexed,
    Row,
    at_least,
    at_most,
    command,
    conclude,
    data_option,
    indexed,
    machine,
    need,
    pictures,
    rows,
    scratch,
)
from benchmarks.sounds import _distinct, _held_out
from engine.classify import background, calibration
from engine.classify.classifier import Classifier, ClassifyOptions
from engine.classify.labels import Label
from engine.classify.learn import learn
from engine.classify.metrics import auroc, calibration_error
from engine.classify.pooling import one_label
from engine.classify.prompts import prompted
from engine.classify.results import Result
from engine.classify.scores import Scorer
from engine.classify.templates import templates
from engine.config import Settings
from engine.encoders.compact.encoder import CompactEncoder
from engine.encoders.compact.sounds import CompactSounds
from engine.encoders.towers import Towers
from engine.index.vector_stream import LibraryMoments
from engine.training.sounds import read_corpus, read_labels
from engine.types import Modality
from engine.types.arrays import Vectors

_WORDS = Path(__file__).parent / "general_words.csv"
_GENERAL = (
    "dog", "bird", "vehicle", "musical instrument", "insect",
    "snake", "fish", "fruit", "furniture", "building",
)  # fmt: skip
"""Words of which no two are true of one picture."""
_DRAWS = 5
_LEFT_OUT = 100
_EXAMPLES = 5

Flags = NDArray[np.bool_]


def _plain(names: Sequence[str]) -> list[Label]:
    return [Label(name, (name,)) for name in names]


# --- pictures -----------------------------------------------------------------------


def _classified(made: Indexed, labels: Sequence[str], *, unknown: bool = False) -> list[Result]:
    """The results of all files, in their order."""
    library, task = made.library, ClassifyOptions(_plain(labels), unknown=unknown)
    classifier = Classifier(library.store, library.towers, library.settings, task)
    found = [one for results in classifier.results() for one in results]
    return sorted(found, key=lambda one: made.places[one.file])


def _seen(made: Indexed, names: Sequence[str]) -> Iterator[Row]:
    results = _classified(made, sorted(names))
    right = np.array([one.label == name for one, name in zip(results, names, strict=True)])
    five = fmean(name in one.labels for one, name in zip(results, names, strict=True))
    what = f"{len(names)} pictures, {len(set(names))} labels"
    yield what, "top-1", f"{right.mean():.3f}", at_least(float(right.mean()), 0.95)
    yield what, "top-5", f"{five:.3f}", None
    sure = np.array([one.probability for one in results])
    yield from _calibration(what, sure, right)


def _calibration(what: str, sure: NDArray[np.float64], right: Flags) -> Iterator[Row]:
    error, others = calibration_error(sure, right), calibration_error(sure[1::2], right[1::2])
    yield what, "calibration error, 15 bins", f"{error:.3f}", at_most(error, 0.06)
    yield what, "the same, files that set nothing", f"{others:.3f}", None


def _general(made: Indexed, labels: Sequence[Mapping[str, str]]) -> Iterator[Row]:
    """Words that are true of several classes: no class is told from its like by them."""
    words = {row["word"]: set(row["wnids"].split()) for row in rows(_WORDS)}
    wanted = {w: {n for n, row in enumerate(labels) if row["wnid"] in words[w]} for w in _GENERAL}
    results = _classified(made, _GENERAL)
    shares = [fmean(results[n].label == w for n in places) for w, places in wanted.items()]
    what = f"{sum(map(len, wanted.values()))} of them, {len(_GENERAL)} general words"
    yield what, "top-1, mean over words", f"{fmean(shares):.3f}", None


def _none_of_these(made: Indexed, names: Sequence[str]) -> Iterator[Row]:
    told, right, errors = [], [], []
    for seed in range(_DRAWS):
        draw = np.random.default_rng(seed).choice(sorted(names), _LEFT_OUT, replace=False)
        left = set(draw.tolist())
        results = _classified(made, sorted(set(names) - left), unknown=True)
        known = np.array([name not in left for name in names])
        told.append(auroc(np.array([one.known for one in results]), known))
        wanted = [None if name in left else name for name in names]
        good = np.array([one.label == name for one, name in zip(results, wanted, strict=True)])
        right.append(float(good.mean()))
        errors.append(calibration_error(np.array([one.probability for one in results]), good))
    what = f"the same, {_LEFT_OUT} labels left out"
    yield what, "AUROC of none of these", f"{fmean(told):.3f}", at_least(fmean(told), 0.85)
    yield what, "accuracy, none of these included", f"{fmean(right):.3f}", None
    yield what, "calibration error, 15 bins", f"{fmean(errors):.3f}", None


# --- sounds -------------------------------------------------------------------------


@dataclass(frozen=True)
class Heard:
    """Recordings as a library would hold them: windows that heads had not heard before."""

    rows: LibraryMoments
    labels: NDArray[np.str_]
    """Of each recording."""

    @property
    def words(self) -> list[str]:
        return sorted(set(self.labels.tolist()))

    @property
    def truth(self) -> NDArray[np.int64]:
        return np.searchsorted(np.array(self.words), self.labels)


def heard(vectors: Vectors, labels: NDArray[np.str_], clips: NDArray[np.int64]) -> Heard:
    """Windows (n, dim) of recordings that are numbered without gaps."""
    numbers, first = np.unique(clips, return_index=True)
    ids = np.arange(1, len(clips) + 1)
    windows = LibraryMoments(Modality.SOUND, numbers, ids, clips, vectors.astype(np.float32))
    return Heard(windows, labels[first])


def sound_rows(towers: Towers, sounds: Heard) -> Iterator[Row]:
    encoder, reference = towers.encoder, towers.typical(Modality.SOUND)
    assert reference is not None
    said = prompted(encoder.embed_texts, _plain(sounds.words), templates("default")[Modality.SOUND])
    scorer = Scorer(
        background.label_directions(said, reference), calibration.sureness(Modality.SOUND)
    )
    guesses = one_label([sounds.rows], {Modality.SOUND: scorer}, 5)
    right = guesses.labels[:, 0] == sounds.truth
    what = f"{len(sounds.labels)} recordings held out, {len(sounds.words)} labels"
    yield what, "top-1", f"{right.mean():.3f}", at_least(float(right.mean()), 0.8)
    yield from _calibration(what, guesses.probabilities[:, 0].astype(np.float64), right)
    yield from _with_examples(sounds, scorer)


def _with_examples(sounds: Heard, scorer: Scorer) -> Iterator[Row]:
    taught, alone, errors, said = [], [], [], []
    pooled, truth = sounds.rows.pooled(), sounds.truth
    for seed in range(_DRAWS):
        shown = _drawn(truth, seed)
        lesson = learn(pooled[shown], truth[shown], scorer.odds(pooled[shown]))
        test = np.setdiff1d(np.arange(len(truth)), shown)
        alone.append(float((scorer.odds(pooled[test]).argmax(axis=1) == truth[test]).mean()))
        scored = replace(scorer, learned=lesson.learned).one_of(pooled[test], 5)
        right = scored.labels[:, 0] == truth[test]
        taught.append(float(right.mean()))
        errors.append(calibration_error(scored.probabilities[:, 0].astype(np.float64), right))
        assert lesson.both is not None
        said.append(lesson.both.accuracy)
    what = f"the others, {_EXAMPLES} examples of each label"
    yield what, "top-1", f"{fmean(taught):.3f}", at_least(fmean(taught), 0.85)
    yield what, "top-1 of the same by text alone", f"{fmean(alone):.3f}", None
    yield what, "top-1 as cross-validation expects it", f"{fmean(said):.3f}", None
    yield what, "calibration error, 15 bins", f"{fmean(errors):.3f}", None


def _drawn(truth: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    chance = np.random.default_rng(seed)
    places = [np.flatnonzero(truth == label) for label in np.unique(truth)]
    return np.concatenate([chance.permutation(mine)[:_EXAMPLES] for mine in places])


def _held(data: Path, folds: int) -> tuple[Towers, Heard]:
    settings = Settings.from_env()
    encoder, sounds = CompactEncoder(settings), CompactSounds(settings)
    corpus = _distinct(read_corpus(sounds, settings, read_labels(data / "sounds", "labels.csv")))
    with scratch() as folder:
        held = _held_out(corpus, encoder, settings, folds, folder)
    return Towers(encoder, sounds), heard(held.vectors, corpus.labels, corpus.clips)


@command(__doc__)
@data_option
@click.option("--folds", default=5, show_default=True)
def main(data: Path, folds: int) -> None:
    need(data / "sounds" / "labels.csv")
    files, labels = pictures(data)
    names = [row["label"] for row in labels]
    with indexed(files) as made:
        body = [*_seen(made, names), *_general(made, labels), *_none_of_these(made, names)]
    body += sound_rows(*_held(data, folds))
    conclude(
        f"Zero-shot classification, compact, default templates; {machine()}.",
        ("what", "measure", "figure"),
        body,
    )


if __name__ == "__main__":
    main()
