"""Read the labelled recordings that the head of sixty words is learned from."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.config import Settings
from engine.encoders.compact.sounds import RATE, CompactSounds
from engine.encoders.recordings import recordings_of
from engine.errors import UsageError
from engine.training.sounds import read_corpus, read_labels
from engine.types.arrays import Vectors, Waveform

NO_WORD = ""
"""The label of what is learned to have no word."""
VOICE = "a voice"
_MERGED = {
    "error": "notification",
    "beep": "notification",
    "cheering": "crowd",
    "water drops": "water",
    "acoustic guitar": "guitar",
}
"""Labels that nobody would tell apart by ear, and the word that stands for both."""
_UNTOLD = frozenset({"bell", "fireworks", "goat", "mouse click", "owl", "saw", "wood chopping"})
"""Labels of too few recordings to be learned: they are examples of what has no word."""
_DRUMS = (
    ("bass drum", r"bass_?drum|drum_bass|\bbd|kick"),
    ("snare drum", r"snare|sd_"),
    ("hi hat", r"hat|hh"),
    ("cymbal", r"crash|ride|cymbal"),
)
"""Kinds of drums by the names of files that are labelled ``drums``."""
_FEWEST = 5
"""Recordings from which a label is learned as a word."""
_VOICES = Path("/usr/share/asterisk/sounds")
"""The folder of the spoken prompts of Debian's asterisk-core-sounds."""


@dataclass(frozen=True, slots=True)
class Clips:
    """Labelled recordings: square roots of features (n, 512), and a row of facts of each."""

    roots: Vectors
    words: NDArray[np.str_]
    groups: NDArray[np.int64]
    """Recordings that are variants or copies of each other have one number."""
    permissive: NDArray[np.bool_]
    """True where the recording's licence asks for a credit at most."""
    sources: NDArray[np.str_]
    """The collection that each is of."""

    def subset(self, rows: NDArray[np.bool_]) -> Clips:
        """Only the clips that ``rows`` marks."""
        return Clips(
            self.roots[rows], self.words[rows], self.groups[rows], self.permissive[rows],
            self.sources[rows],
        )  # fmt: skip

    def of_source(self, source: str) -> NDArray[np.bool_]:
        """Mark the clips of a collection."""
        return np.asarray(self.sources == source, np.bool_)

    def called(self, word: str) -> Clips:
        """Return the same clips, all with this word."""
        return replace(self, words=np.full(len(self.words), word))

    def renamed(self, words: dict[str, str]) -> Clips:
        """Return the same clips, with other words for those that are named."""
        return replace(self, words=np.array([words.get(w, w) for w in self.words.tolist()]))

    def __add__(self, other: Clips) -> Clips:
        return Clips(
            np.concatenate([self.roots, other.roots]),
            np.concatenate([self.words, other.words]),
            np.concatenate([self.groups, other.groups]),
            np.concatenate([self.permissive, other.permissive]),
            np.concatenate([self.sources, other.sources]),
        )


def read(data: Path, sounds: CompactSounds, settings: Settings) -> tuple[Clips, Clips]:
    """Read what there is to learn from, and sounds that have no word to judge the gate by.

    Raises:
        UsageError: the features or the recordings are not there.
    """
    clips = _features(data / "sound-words" / "features.npz")
    more = _recordings(data / "sounds", sounds, settings)
    learned, judged = made_sounds(sounds)
    clips = _joined_copies(clips, more)
    words = clips.words.tolist()
    rare = {word for word in set(words) if words.count(word) < _FEWEST} | _UNTOLD
    clips = clips.renamed(dict.fromkeys(rare, NO_WORD))
    first = clips.groups.max() + 1
    learned = replace(learned, groups=learned.groups + first).called(NO_WORD)
    return clips + learned, judged + voices(sounds, settings)


def _features(file: Path) -> Clips:
    try:
        with np.load(file) as stored:
            table = {name: stored[name] for name in stored.files}
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror or error}") from error
    words = [_word(label, clip) for label, clip in zip(table["label"], table["clip"], strict=True)]
    return Clips(
        roots(table["features"].astype(np.float32)), np.array(words),
        table["group"].astype(np.int64), table["licence_class"] == "permissive", table["source"],
    )  # fmt: skip


def _word(label: str, clip: str) -> str:
    if label == "drums":
        file = clip.rsplit("/", 1)[-1].lower()
        return next((word for word, named in _DRUMS if re.search(named, file)), "drums")
    return _MERGED.get(label, label)


def _recordings(folder: Path, sounds: CompactSounds, settings: Settings) -> Clips:
    """Return the recordings of the head of twenty words, a window of each."""
    corpus = read_corpus(sounds, settings, read_labels(folder, "labels.csv"))
    first = np.unique(corpus.clips, return_index=True)[1]
    labels = np.array([_MERGED.get(label, label) for label in corpus.labels[first].tolist()])
    count = len(first)
    return Clips(
        roots(corpus.features[first]), labels, corpus.recordings[first],
        np.zeros(count, np.bool_), np.full(count, folder.name),
    )  # fmt: skip


def _joined_copies(clips: Clips, more: Clips) -> Clips:
    """Return both, where a copy has the group of the recording that it is a copy of."""
    more = replace(more, groups=more.groups + clips.groups.max() + 1)
    both = clips + more
    copies = recordings_of(both.roots**2, np.arange(len(both.words)))
    groups = both.groups.copy()
    for row, copy in enumerate(copies.tolist()):
        if copy != row:
            groups[groups == groups[row]] = groups[copy]
    return replace(both, groups=groups)


def roots(features: Vectors) -> Vectors:
    """Return the square roots of features, of unit length before."""
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)
    return np.asarray(np.sqrt(np.maximum(unit, 0)), np.float32)


# --- sounds that have no word -------------------------------------------------------


def made_sounds(sounds: CompactSounds) -> tuple[Clips, Clips]:
    """Make tones, noise and clicks: those to learn from, and others to judge by.

    Sweeps, hum and noise of a narrow band are only judged by: nothing like them is learned.
    """
    random = np.random.default_rng(0)
    time = np.arange(3 * RATE) / RATE
    learned: list[tuple[str, Waveform]] = []
    judged: list[tuple[str, Waveform]] = []
    for number in range(40):
        part = judged if number % 2 else learned
        part.append(("a sine", np.sin(2 * np.pi * 60 * 2 ** (number * 0.18) * time)))
        part.append(("noise", _noise(random, int(RATE * (1 + 3 * random.random())), number % 3)))
        part.append(("clicks", _clicks(random)))
        judged.append(("a sweep", _sweep(random, time)))
    for number in range(10):
        overtones = [np.sin(2 * np.pi * (50 + 5 * number) * k * time) / k for k in range(1, 9)]
        judged.append(("hum", np.sum(overtones, axis=0)))
        judged.append(("noise of one band", _band(random)))
    return _clips(sounds, learned), _clips(sounds, judged)


def _noise(random: np.random.Generator, count: int, colour: int) -> Waveform:
    """White, pink or brown noise."""
    frequencies = np.maximum(np.fft.rfftfreq(count), 1 / count)
    spectrum = np.fft.rfft(random.standard_normal(count)) / frequencies ** (colour / 2)
    return np.asarray(np.fft.irfft(spectrum, count), np.float32)


def _clicks(random: np.random.Generator) -> Waveform:
    samples = np.zeros(2 * RATE, np.float32)
    for place in random.integers(0, len(samples) - 400, 1 + int(random.integers(12))):
        samples[place : place + 1 + int(random.integers(200))] = random.choice([-1, 1])
    return samples


def _sweep(random: np.random.Generator, time: NDArray[np.float64]) -> Waveform:
    low, high = 200 * 2 ** (random.random(2) * 4.5)
    length = 0.3 + 2 * random.random()
    at = time % length
    return np.asarray(np.sin(2 * np.pi * (low * at + (high - low) * at**2 / 2 / length)))


def _band(random: np.random.Generator) -> Waveform:
    count = 2 * RATE
    spectrum, frequencies = np.fft.rfft(random.standard_normal(count)), np.fft.rfftfreq(count)
    low = 100 / RATE * 2 ** (random.random() * 6)
    spectrum[(frequencies < low) | (frequencies > 2 * low)] = 0
    return np.asarray(np.fft.irfft(spectrum, count), np.float32)


def _clips(sounds: CompactSounds, made: list[tuple[str, Waveform]]) -> Clips:
    rows = [sounds.features([sounds.prepare(np.asarray(s, np.float32))]) for _, s in made]
    count = len(made)
    kinds = np.array([kind for kind, _ in made], np.str_)
    features = np.concatenate([sounds.features([]), *rows])
    every = np.ones(count, np.bool_)
    return Clips(roots(features), kinds, np.arange(count), every, np.full(count, "made"))


def voices(sounds: CompactSounds, settings: Settings) -> Clips:
    """Return spoken prompts, where Debian's package of them is installed; else none."""
    from engine.media.audio import read_windows

    made = []
    for file in sorted(_VOICES.rglob("*.wav"))[::4]:
        window = next(iter(read_windows(file, settings, RATE)), None)
        if window is not None:
            made.append((VOICE, window.samples))
    return _clips(sounds, made)
