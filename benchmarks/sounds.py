"""Quality on sounds: are they found by what makes them, and by sounds like them?

    python -m benchmarks.sounds --data DIR

Five folds: each clip's words come from a head that was trained without its fold.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import data_option, machine, need, reached, scratch, table
from engine.config import Settings
from engine.encoders.compact.encoder import CompactEncoder
from engine.encoders.compact.sounds import CompactSounds
from engine.encoders.towers import Towers
from engine.training.sounds import (
    Corpus,
    fit,
    held_out_clips,
    read_corpus,
    read_labels,
)

_PHRASE = "the sound of a {}"


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


def _top(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    return np.argsort(-scores, axis=1, kind="stable")[:, :count]


def _rate(sounds: CompactSounds) -> float:
    """Windows of 10 s that go through the tower in a second, prepared beforehand."""
    noise = np.random.default_rng(0).standard_normal(10 * sounds.rate).astype(np.float32)
    windows = [sounds.prepare(noise)] * 20
    sounds.features(windows[:1])
    started = time.perf_counter()
    sounds.features(windows)
    return len(windows) / (time.perf_counter() - started)


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@data_option
@click.option("--folds", default=5, show_default=True)
def main(data: Path, folds: int) -> None:
    need(data / "sounds" / "labels.csv")
    settings = Settings.from_env()
    encoder, sounds = CompactEncoder(settings), CompactSounds(settings)
    files = read_labels(data / "sounds", "labels.csv")
    corpus = read_corpus(sounds, settings, files)
    with scratch() as folder:
        held = _held_out(corpus, encoder, settings, folds, folder)
    labels = np.array([label for _, label in files])
    words = np.unique(labels)
    queries = encoder.embed_texts([_PHRASE.format(word) for word in words])
    found = labels[_top(_clip_scores(queries, held.vectors, corpus.clips), 10)]
    hits = float((found == words[:, None]).any(1).mean())
    precision = float((found[:, :5] == words[:, None]).mean())
    alike = _clip_scores(corpus.features, corpus.features, corpus.clips)
    alike[np.arange(len(alike)), corpus.clips] = -1
    likeness = float((labels[_top(alike, 5)] == corpus.labels[:, None]).mean())
    text, sound = _PHRASE.format("{label}"), "another sound"
    table(
        f"Quality, {len(files)} sounds, {len(words)} labels, {folds} folds held out; {machine()}.",
        ("query", "measure", "compact", "must reach", "reached"),
        [
            (text, "R@10 hit rate", f"{hits:.3f}", 0.9, reached(hits, 0.9)),
            (text, "mean P@5", f"{precision:.3f}", 0.75, reached(precision, 0.75)),
            ("(most probable word)", "accuracy", f"{held.right.mean():.3f}", "", ""),
            (sound, "mean P@5, leave one out", f"{likeness:.3f}", "", ""),
            ("(tower)", "10 s windows a second", f"{_rate(sounds):.1f}", "", ""),
        ],
    )


if __name__ == "__main__":
    main()
