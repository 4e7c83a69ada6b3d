"""Train the head of the sound bridge on a folder of labelled sounds.

    python -m engine.training.sounds FOLDER --labels labels.csv

The labels file has the columns ``file``, ``label`` and ``caption``; only the
first two are read. Training needs scikit-learn; using a head needs numpy.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from engine.config import Settings
from engine.encoders.compact.sounds import (
    HEAD,
    RATE,
    CompactSounds,
    SoundHead,
    gate_evidence,
    roots_of,
)
from engine.encoders.recordings import recordings_of
from engine.errors import MediaError, SensoriumError, UsageError
from engine.media.audio import read_windows
from engine.types.arrays import Vectors, Waveform

_REGULARISATION = 0.1
"""Inverse strength of the L2 penalty; held-out log loss 0.55 (0.62 at 0.03, 0.52 at 0.3). Chosen
on the recordings that the benchmark measures, so not chosen again for a few hundredths."""
Labels = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Labelled windows: features (n, 512), and per window its label, its clip, and the
    recording that the clip is of, which is the number of the first clip of it.

    Collections of sounds hold the same recording several times, under other names and
    sometimes in other formats. A head that knows one copy knows them all.
    """

    features: Vectors
    labels: Labels
    clips: NDArray[np.int64]
    recordings: NDArray[np.int64]

    def subset(self, rows: NDArray[np.bool_]) -> Corpus:
        """Only the windows that ``rows`` marks."""
        return Corpus(
            self.features[rows], self.labels[rows], self.clips[rows], self.recordings[rows]
        )


def read_labels(folder: Path, labels: str) -> list[tuple[Path, str]]:
    """Read a labels file: files with their labels.

    Raises:
        UsageError: the file is not there, lacks a column, or lists nothing.
    """
    try:
        with (folder / labels).open(newline="", encoding="utf-8") as stream:
            files = [(folder / row["file"], row["label"]) for row in csv.DictReader(stream)]
    except OSError as error:
        raise UsageError(f"cannot read {folder / labels}: {error.strerror}") from error
    except KeyError as error:
        raise UsageError(f"{folder / labels} has no column {error}") from error
    if not files:
        raise UsageError(f"{folder / labels} lists no sounds")
    return files


def read_corpus(
    sounds: CompactSounds, settings: Settings, files: Sequence[tuple[Path, str]]
) -> Corpus:
    """Compute features of every window of every file, cut as a library cuts them.

    Raises:
        UsageError: a file cannot be read, or is silent.
    """
    features, labels, clips = [], [], []
    for clip, (path, label) in enumerate(files):
        windows = [sounds.prepare(samples) for samples in _windows(path, settings)]
        features.append(sounds.features(windows))
        labels += [label] * len(windows)
        clips += [clip] * len(windows)
    every, of = np.concatenate(features), np.array(clips, np.int64)
    return Corpus(every, np.array(labels), of, recordings_of(every, of))


def _windows(path: Path, settings: Settings) -> list[Waveform]:
    try:
        windows = [chunk.samples for chunk in read_windows(path, settings, RATE)]
    except MediaError as error:
        raise UsageError(f"{path}: {error}") from error
    if not windows:
        raise UsageError(f"{path}: nothing but silence; take it out of the labels file")
    return windows


# --- fitting --------------------------------------------------------------------


def fit(corpus: Corpus, folds: int = 5, seed: int = 0) -> SoundHead:
    """Train a head: the regression on everything, the gate on what was held out.

    The gate learns from two experiments. Windows of held-out clips show what a
    known class looks like when it is new; windows of held-out classes show what
    an unknown one looks like (the leave-class-out protocol of open set
    recognition; Scheirer et al. 2013).

    Raises:
        UsageError: under three labels, or a label with a single recording, copied or not.
    """
    _check(corpus)
    known = [_evidence(corpus, test) for test in held_out_clips(corpus, folds, seed)]
    unknown = [_evidence(corpus, test) for test in _held_out_labels(corpus, folds, seed)]
    weights, bias, words = _regression(corpus)
    centre, examples = _neighbours(corpus)
    gate = _gate(np.concatenate(known), np.concatenate(unknown))
    return SoundHead(words, weights, bias, examples, centre, gate)


def held_out_clips(corpus: Corpus, folds: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Yield stratified folds of clips, as masks over windows; copies stay together."""
    from sklearn.model_selection import StratifiedGroupKFold

    clips, first = np.unique(corpus.clips, return_index=True)
    split = StratifiedGroupKFold(
        min(folds, min(_recordings_by_label(corpus).values())), shuffle=True, random_state=seed
    )
    for _, test in split.split(clips, corpus.labels[first], corpus.recordings[first]):
        yield np.isin(corpus.clips, clips[test])


def _recordings_by_label(corpus: Corpus) -> dict[str, int]:
    """Count the different recordings of each label."""
    pairs = set(zip(corpus.labels.tolist(), corpus.recordings.tolist(), strict=True))
    return dict(Counter(label for label, _ in sorted(pairs)))


def _held_out_labels(corpus: Corpus, folds: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Yield folds of whole labels; at least two labels stay to train on."""
    words = np.random.default_rng(seed).permutation(np.unique(corpus.labels))
    # A fold takes at most a third, so that what is left still has a choice.
    for fold in np.array_split(words, min(len(words), max(3, folds))):
        yield np.isin(corpus.labels, fold)


def _check(corpus: Corpus) -> None:
    """Refuse what a head cannot be trained on."""
    counts = _recordings_by_label(corpus)
    if len(counts) < 3:
        raise UsageError(f"a head needs at least three labels, and there are {len(counts)}")
    for label, count in counts.items():
        if count < 2:
            raise UsageError(f"the label {label!r} has one recording and needs two")


def _evidence(corpus: Corpus, test: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the evidence for the gate of the windows in ``test``, trained on the others."""
    train = corpus.subset(~test)
    weights, bias, words = _regression(train)
    centre, examples = _neighbours(train)
    head = SoundHead(words, weights, bias, examples, centre, np.zeros(3, np.float32))
    roots = roots_of(corpus.features[test])
    return gate_evidence(roots @ weights + bias, head.nearness(roots))


def _regression(
    corpus: Corpus,
) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[str, ...]]:
    """Fit a multinomial logistic regression on standardised roots, the scaling folded in."""
    from sklearn.linear_model import LogisticRegression

    roots = roots_of(corpus.features).astype(np.float64)
    mean, scale = roots.mean(0), np.maximum(roots.std(0), 1e-3)
    model = LogisticRegression(C=_REGULARISATION, max_iter=2000)
    model.fit((roots - mean) / scale, corpus.labels)
    coefficients, intercept = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn keeps one row for two classes
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    weights = coefficients.T / scale[:, None]
    bias = intercept - mean @ weights
    return weights.astype(np.float32), bias.astype(np.float32), tuple(map(str, model.classes_))


def _neighbours(corpus: Corpus) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the centre and the centred, normalised examples, as ``SoundHead`` keeps them."""
    roots = roots_of(corpus.features)
    centre = roots.mean(0)
    examples = roots - centre
    examples /= np.maximum(np.linalg.norm(examples, axis=1, keepdims=True), 1e-12)
    return centre, examples


def _gate(known: NDArray[np.float32], unknown: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fit the log odds of being known, known and unknown weighing alike."""
    from sklearn.linear_model import LogisticRegression

    evidence = np.concatenate([known, unknown])
    is_known = np.repeat([1, 0], [len(known), len(unknown)])
    model = LogisticRegression(C=1e3, class_weight="balanced", fit_intercept=False, max_iter=2000)
    gate: NDArray[np.float32] = model.fit(evidence, is_known).coef_[0].astype(np.float32)
    return gate


def held_out_accuracy(corpus: Corpus, folds: int = 5, seed: int = 0) -> float:
    """Measure the share of windows whose best word is right, by a head without their clip."""
    right = 0
    for test in held_out_clips(corpus, folds, seed):
        weights, bias, words = _regression(corpus.subset(~test))
        best = (roots_of(corpus.features[test]) @ weights + bias).argmax(1)
        right += int((np.array(words)[best] == corpus.labels[test]).sum())
    return right / len(corpus.labels)


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--labels", default="labels.csv", show_default=True, help="CSV inside FOLDER.")
@click.option("--out", default=HEAD, type=click.Path(path_type=Path), help="The head to write.")
@click.option("--folds", default=5, show_default=True, type=click.IntRange(2))
@click.option("--seed", default=0, show_default=True, help="Of the folds.")
def main(folder: Path, labels: str, out: Path, folds: int, seed: int) -> None:
    settings = Settings.from_env()
    try:
        files = read_labels(folder, labels)
        corpus = read_corpus(CompactSounds(settings), settings, files)
        head = fit(corpus, folds, seed)
        accuracy = held_out_accuracy(corpus, folds, seed)
    except SensoriumError as error:
        raise click.ClickException(str(error)) from error
    head.save(out)
    click.echo(
        f"{len(files)} clips, {len(corpus.labels)} windows, {len(head.words)} words;"
        f" held-out accuracy {accuracy:.3f} ({folds}-fold); wrote {out}"
        f" ({out.stat().st_size / 2**10:.0f} KiB)"
    )


if __name__ == "__main__":
    main()
