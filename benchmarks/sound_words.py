"""Quality of the head of sixty words: what is named right, and what stays unknown.

    python -m benchmarks.sound_words --data DIR

Recordings are held out by group: variants and copies of one recording are on one side. Which
words a fold can tell is decided by the other folds. ESC-10's recordings of five seconds are
also named by a head that has seen none of ESC-10, where its word has five others. Voices
are spoken prompts of Debian's asterisk-core-sounds, where they are installed; one counts by
what it is named other than speech.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, at_least, command, conclude, data_option, machine, need
from engine.config import Settings
from engine.encoders.compact.encoder import CompactEncoder
from engine.encoders.compact.sounds import HEAD_60, CompactSounds
from engine.encoders.towers import Towers
from engine.training import word_clips
from engine.training.sound_words import fit, fit_gate, judge
from engine.training.sounds import read_corpus, read_labels
from engine.training.word_clips import NO_WORD, Clips
from engine.training.word_report import Judged

_ASKED = {"a chainsaw": "chainsaw", "a person sneezing": "sneezing", "fire crackling": "fire"}
_OUTSIDE = {"dog bark": "dog", "baby cry": "baby crying", "clock tick": "clock ticking"}
"""Labels of the recordings of five seconds that the head has other words for."""
_FEWEST = 5
"""Recordings of other collections that a word needs to be learned without ESC-10."""


def _named(judged: Judged) -> Iterator[Row]:
    first, three, count = judged.accuracy()
    yield (
        f"{count} recordings, held out by group",
        "named first",
        f"{first:.3f}",
        at_least(first, 0.7),
    )
    yield "", "among three", f"{three:.3f}", at_least(three, 0.85)


def _unknown(judged: Judged) -> Iterator[Row]:
    aurocs = judged.aurocs(fit_gate)
    mean = float(np.mean(list(aurocs.values())))
    yield "none of these", "AUROC, mean of kinds", f"{mean:.3f}", at_least(mean, 0.85)
    for kind, value in aurocs.items():
        yield kind, "AUROC", f"{value:.3f}", None


def _asked(judged: Judged, towers: Towers) -> Iterator[Row]:
    """Yield precision of texts among all recordings, by what held-out heads hear in them."""
    words = judged.kept()
    placed = towers.in_words(judged.probabilities(words, fit_gate(judged.known, judged.unknown)))
    queries = towers.encoder.embed_texts(list(_ASKED))
    for query, (text, word) in zip(queries, _ASKED.items(), strict=True):
        best = np.argsort(-(placed @ query), kind="stable")[:5]
        right = float((judged.clips.words[best] == word).mean())
        yield text, "P@5", f"{right:.2f}", at_least(right, 0.6)
    every = towers.encoder.embed_texts([f"the sound of a {word}" for word in words])
    best = np.argsort(-(every @ placed.T), axis=1, kind="stable")[:, :10]
    found = judged.clips.words[best] == np.array(words)[:, None]
    yield "the sound of a {word}", "mean P@5", f"{found[:, :5].mean():.3f}", None
    yield "", "R@10 hit rate", f"{found.any(1).mean():.3f}", None


def _outside(
    data: Path, clips: Clips, unseen: NDArray[np.bool_], words: tuple[str, ...]
) -> Iterator[Row]:
    settings = Settings.from_env()
    files = read_labels(data / "sounds-more", "labels.csv")
    corpus = read_corpus(CompactSounds(settings), settings, files)
    labels = np.array([_OUTSIDE.get(label, label) for label in corpus.labels.tolist()])
    learned = clips.subset(unseen)
    words = tuple(w for w in words if (learned.words == w).sum() >= _FEWEST)
    known = np.isin(labels, words)
    outputs = fit(learned, words).outputs(word_clips.roots(corpus.features[known]))[:, :-1]
    best = np.array(words)[np.argsort(-outputs, axis=1)[:, :3]] == labels[known][:, None]
    yield (
        f"{known.sum()} of ESC-10, by a head that has seen none of it",
        "named first",
        f"{best[:, 0].mean():.3f}",
        None,
    )
    yield "", "among three", f"{best.any(1).mean():.3f}", None


@command(__doc__)
@data_option
@click.option("--seed", default=1, show_default=True, help="Of the folds and the networks.")
def main(data: Path, seed: int) -> None:
    need(data / "sound-words" / "features.npz")
    need(data / "sounds" / "labels.csv")
    need(data / "sounds-more" / "labels.csv")
    settings = Settings.from_env()
    sounds = CompactSounds(settings, HEAD_60)
    clips, unknown = word_clips.read(data, sounds, settings)
    words = tuple(sorted(set(clips.words.tolist()) - {NO_WORD}))
    judged = judge(clips, unknown, words, seed)
    kept = judged.kept()
    towers = Towers(CompactEncoder(settings), _Worded(settings, kept))
    conclude(
        f"Sound words: {len(kept)} words, {len(clips.words)} recordings; {machine()}.",
        ("what", "measure", "value"),
        [*_named(judged), *_unknown(judged), *_asked(judged, towers),
         *_outside(data, clips, ~clips.of_source("esc10"), kept)],
    )  # fmt: skip


class _Worded(CompactSounds):
    """The bridge with other words, for what held-out heads say."""

    def __init__(self, settings: Settings, words: tuple[str, ...]) -> None:
        super().__init__(settings, HEAD_60)
        self._words = words

    @property
    def vocabulary(self) -> tuple[str, ...]:
        return self._words


if __name__ == "__main__":
    main()
