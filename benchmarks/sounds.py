"""Quality on sounds: search by what makes the sound, and by similar sounds.

    python -m benchmarks.sounds --data DIR

Five folds: each clip's words come from a head that was trained without its fold.
Of the copies of one recording, which collections hold under several names, the first
takes part and the others do not: they would be trained on in one fold and asked for in
another, and be found twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, at_least, command, conclude, data_option, machine, need, scratch
from engine.config import Settings
from engine.encoders.compact.encoder import CompactEncoder
from engine.encoders.compact.sounds import CompactSounds
from engine.encoders.towers import Towers
from engine.training.sounds import (
    Corpus,
    Labels,
    fit,
    held_out_clips,
    read_corpus,
    read_labels,
)

_PHRASES = ("the sound of a {}", "a recording of {}")
"""The first has a target; the second asks whether the wording matters."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What heads say of windows that they were not trained on."""

    vectors: NDArray[np.float32]
    """In the shared space, (windows, dim)."""
    right: NDArray[np.bool_]
    """Whether the most probable word is the label, (windows,)."""


class _Replayed(CompactSounds):
    """The bridge with features for windows: five heads need the tower only once."""

    def features(self, windows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.concatenate(windows)


def _held_out(
    corpus: Corpus, encoder: CompactEncoder, settings: Settings, folds: int, folder: Path
) -> HeldOut:
    """Train a head per fold, and hear its held-out windows with it as a library would."""
    vectors = np.zeros((len(corpus.labels), encoder.shared.dim), np.float32)
    right = np.zeros(len(corpus.labels), bool)
    for fold, test in enumerate(held_out_clips(corpus, folds, seed=0)):
        file = folder / f"{fold}.safetensors"
        fit(corpus.subset(~test)).save(file)
        sounds, features = _Replayed(settings, file), corpus.features[test]
        vectors[test] = (
            Towers(encoder, sounds).embed_sounds([features]).vectors[encoder.shared.name]
        )
        best = sounds.listen([features]).probabilities.argmax(1)
        right[test] = np.array(sounds.vocabulary)[best] == corpus.labels[test]
    return HeldOut(vectors, right)


def _clip_scores(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], clips: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Per query and clip the score of the clip's best window, (queries, clips)."""
    starts = np.flatnonzero(np.diff(clips, prepend=-1))
    return np.maximum.reduceat(queries @ vectors.T, starts, axis=1)


def _distinct(corpus: Corpus) -> Corpus:
    """The first clip of each recording, numbered anew without gaps."""
    first = corpus.subset(corpus.clips == corpus.recordings)
    numbers = np.unique(first.clips, return_inverse=True)[1].astype(np.int64)
    return Corpus(first.features, first.labels, numbers, numbers)


def held_out_sounds(
    data: Path, encoder: CompactEncoder, settings: Settings, folder: Path
) -> tuple[NDArray[np.float32], Labels]:
    """Return the vectors (windows, dim) from heads without them, and the label of each window."""
    sounds, files = CompactSounds(settings), read_labels(data / "sounds", "labels.csv")
    corpus = _distinct(read_corpus(sounds, settings, files))
    return _held_out(corpus, encoder, settings, 5, folder).vectors, corpus.labels


def _top(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    return np.argsort(-scores, axis=1, kind="stable")[:, :count]


def _by_text(
    encoder: CompactEncoder, held: HeldOut, labels: Labels, clips: NDArray[np.int64]
) -> Iterator[Row]:
    """Both measures of each wording; ``labels`` are those of the clips."""
    words = np.unique(labels)
    for phrase in _PHRASES:
        queries = encoder.embed_texts([phrase.format(word) for word in words])
        found = labels[_top(_clip_scores(queries, held.vectors, clips), 10)] == words[:, None]
        hits, precision = float(found.any(1).mean()), float(found[:, :5].mean())
        held_to = phrase == _PHRASES[0]
        text = phrase.format("{label}")
        yield text, "R@10 hit rate", f"{hits:.3f}", at_least(hits, 0.9) if held_to else None
        yield text, "mean P@5", f"{precision:.3f}", at_least(precision, 0.75) if held_to else None


def _rate(sounds: CompactSounds) -> float:
    """Windows of 10 s that go through the tower in a second, prepared beforehand."""
    noise = np.random.default_rng(0).standard_normal(10 * sounds.rate).astype(np.float32)
    windows = [sounds.prepare(noise)] * 20
    sounds.features(windows[:1])
    started = time.perf_counter()
    sounds.features(windows)
    return len(windows) / (time.perf_counter() - started)


@command(__doc__)
@data_option
@click.option("--folds", default=5, show_default=True)
def main(data: Path, folds: int) -> None:
    need(data / "sounds" / "labels.csv")
    settings = Settings.from_env()
    encoder, sounds = CompactEncoder(settings), CompactSounds(settings)
    files = read_labels(data / "sounds", "labels.csv")
    corpus = _distinct(read_corpus(sounds, settings, files))
    with scratch() as folder:
        held = _held_out(corpus, encoder, settings, folds, folder)
    labels = corpus.labels[np.unique(corpus.clips, return_index=True)[1]]
    alike = _clip_scores(corpus.features, corpus.features, corpus.clips)
    alike[np.arange(len(alike)), corpus.clips] = -1
    likeness = float((labels[_top(alike, 5)] == corpus.labels[:, None]).mean())
    conclude(
        f"Quality, {len(labels)} recordings ({len(files) - len(labels)} copies left out),"
        f" {len(set(labels))} labels, {folds} folds held out; {machine()}.",
        ("query", "measure", "compact"),
        [
            *_by_text(encoder, held, labels, corpus.clips),
            ("(most probable word)", "accuracy", f"{held.right.mean():.3f}", None),
            ("another sound", "mean P@5, leave one out", f"{likeness:.3f}", None),
            ("(tower)", "10 s windows a second", f"{_rate(sounds):.1f}", None),
        ],
    )


if __name__ == "__main__":
    main()
