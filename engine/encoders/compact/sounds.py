"""The sound bridge: a CNN of sound effects, and a small head that names what it hears."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.package_weights import sha256
from engine.common.vectors import chunks, l2_normalize
from engine.config import Settings
from engine.encoders.compact.word_network import WordNetwork
from engine.encoders.protocols import Heard, Spectrogram
from engine.encoders.revisions import revision_of
from engine.encoders.runtime.onnx_session import PinnedTower
from engine.encoders.weight_files import AISFX
from engine.errors import EncoderUnavailable
from engine.types import Space
from engine.types.arrays import Vectors, Waveform

RATE = 44_100
DIM = 512
BANDS = 96
HEAD = Path(__file__).parent / "heads" / "sounds.safetensors"
"""The head of twenty words that the encoder ``compact`` has always had."""
HEAD_60 = HEAD.with_name("sounds-60.safetensors")
"""The head of more than sixty words, for all other encoders."""

_FFT, _HOP = 2048, 1024
_BLOCK, _STEP = 100, 50
"""Frames of a block (2.3 s, as the network was trained) and between two blocks."""
_LOUDEST = 9.457798957824707
"""The highest log-mel value of the network's training data, which scales to 1."""
_REVISION = 1
"""Revision of the exporting code; the rest of the cache key is the hash of the weights."""
_TENSORS = ("weights", "bias", "examples", "centre", "gate")
FEATURES = "1"
"""Revision of the code between samples and features; a head is only of use with its own."""
_WORDS = 1
"""Revision of the code between features and the probabilities of the words."""


class CompactSounds:
    """Sound into words. Building one is free; the tower is made at its first use.

    Args:
        head: a file that ``engine.training.sounds`` or ``engine.training.sound_words`` wrote;
            the package's first, ``HEAD``, by default.
    """

    rate = RATE

    def __init__(self, settings: Settings, head: Path | None = None) -> None:
        self._batch_size = settings.batch_size
        self._head_file = head or HEAD
        self._tower = PinnedTower(settings, "compact/aisfx", AISFX, _REVISION, _export)

    @property
    def sounds(self) -> Space:
        """The space of the tower's own features."""
        revision = revision_of(
            weights=AISFX.sha256,
            export=_REVISION,
            features=FEATURES,
            spectrogram=(RATE, _FFT, _HOP, BANDS, _LOUDEST),
            blocks=(_BLOCK, _STEP),
        )
        return Space("sounds", "compact", revision, DIM)

    @cached_property
    def revision(self) -> str:
        """Names what the features depend on, the head and the code that reads it."""
        self._check_head()
        return revision_of(sounds=self.sounds.revision, head=sha256(self._head_file), words=_WORDS)

    @property
    def vocabulary(self) -> Sequence[str]:
        """The words of the head, in the order of its probabilities."""
        return self._head.words

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless the tower and the head can be had."""
        self._check_head()
        _ = self._head
        self._tower.check()

    def _check_head(self) -> None:
        if not self._head_file.is_file():
            raise EncoderUnavailable(f"{self._head_file}: there is no such sound head")

    def prepare(self, samples: Waveform) -> Spectrogram:
        """Blocks of one window's log-mel spectrogram: (blocks, 100, 96) float32."""
        return cut_blocks(log_mel(samples))

    def features(self, windows: Sequence[Spectrogram]) -> Vectors:
        """Features of n windows, each the mean over its blocks: (n, 512), L2-normalised."""
        if not windows:
            return np.zeros((0, DIM), np.float32)
        blocks = np.concatenate(windows)
        rows = [self._tower.run(blocks=some)[0] for some in chunks(blocks, self._batch_size)]
        starts = np.cumsum([0] + [len(w) for w in windows[:-1]])
        return l2_normalize(np.add.reduceat(np.concatenate(rows), starts))

    def listen(self, windows: Sequence[Spectrogram]) -> Heard:
        """Features of n windows, (n, 512), and probabilities of the words, (n, words)."""
        features = self.features(windows)
        return Heard(features, self.words_of(features))

    def words_of(self, features: Vectors) -> NDArray[np.float32]:
        """Probabilities of the words, (n, words), from features (n, 512)."""
        return self._head.probabilities(features)

    @cached_property
    def _head(self) -> SoundHead | WordNetwork:
        if WordNetwork.is_file(self._head_file):
            return WordNetwork.load(self._head_file, AISFX.sha256, FEATURES)
        return SoundHead.load(self._head_file)


def _export(weights: Path, out: Path) -> None:
    from engine.encoders.compact.export_sounds import export

    export(weights, out)


# --- the spectrogram ----------------------------------------------------------


def log_mel(samples: Waveform) -> NDArray[np.float32]:
    """Log-mel spectrogram of a sound at 44.1 kHz: (frames, 96) float32, about [0, 1].

    As the network was trained: power of a Hann window of 2048 samples every
    1024, 96 bands, log10(1 + 10000 x). The loudest sample is brought to 1
    first, which makes quiet recordings comparable and lost nothing in
    measurement (P@5 of likeness 0.67 against 0.66 without), on the recordings
    that ``benchmarks.sounds`` measures.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    scaled = (samples / peak if peak > 0 else samples).astype(np.float32)
    padded = np.pad(scaled, _FFT // 2)
    # At least one whole frame, however short the sound.
    padded = np.pad(padded, (0, max(0, _FFT - len(padded))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
    spectrum = np.fft.rfft(frames * _hann(), axis=1)
    power = np.square(np.abs(spectrum)).astype(np.float32)
    bands = power @ mel_filters().T
    return np.asarray(np.log10(1 + 10_000 * bands) / _LOUDEST, np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    """Return the periodic Hann window, (2048,)."""
    return np.hanning(_FFT + 1)[:-1].astype(np.float32)


@cache
def mel_filters() -> NDArray[np.float32]:
    """96 bands over 1025 frequency bins, (96, 1025), each summing to 1.

    Bands are equally wide on HTK's mel scale, 2595 log10(1 + f/700), from 0 to
    22,050 Hz. Their triangles are straight in mel, not in Hz: that is Essentia's
    ``warping``, with which the network was trained.
    """
    bins = _mel(np.linspace(0, RATE / 2, _FFT // 2 + 1))
    edges = np.linspace(0, _mel(np.array(RATE / 2)), BANDS + 2)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles / triangles.sum(1, keepdims=True), np.float32)


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2595 * np.log10(1 + hertz / 700)


def cut_blocks(frames: NDArray[np.float32]) -> Spectrogram:
    """Frames (n, 96) as blocks (blocks, 100, 96), half overlapping.

    A sound shorter than a block is repeated until it fills one: held-out
    accuracy was 0.87 against 0.86 with silence after it, on the recordings
    that ``benchmarks.sounds`` measures.
    """
    if len(frames) < _BLOCK:
        return np.resize(frames, (1, _BLOCK, BANDS))
    starts = range(0, len(frames) - _BLOCK + 1, _STEP)
    return np.stack([frames[i : i + _BLOCK] for i in starts])


# --- the head -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SoundHead:
    """Words for features: a multinomial logistic regression behind an open-set gate.

    A softmax alone must name something, so that a door bang would be a dog. The
    gate is the probability that the sound is of any known class at all, from
    how near it lies to the nearest examples and how sure the regression is; it
    was fitted on classes that were left out of training. A word's probability
    is the gate's times the softmax's.
    """

    words: tuple[str, ...]
    weights: NDArray[np.float32]
    """(512, words), over the square roots of normalised features."""
    bias: NDArray[np.float32]
    """(words,)."""
    examples: NDArray[np.float32]
    """Centred, normalised square roots of the training features, (examples, 512)."""
    centre: NDArray[np.float32]
    """Mean of the square roots of the training features, (512,)."""
    gate: NDArray[np.float32]
    """Weights of the log odds: nearness, largest logit, constant; (3,)."""

    def probabilities(self, features: Vectors) -> NDArray[np.float32]:
        """Per window and word, (n, words), in [0, 1]; rows sum to less than 1."""
        roots = roots_of(features)
        logits = roots @ self.weights + self.bias
        evidence = gate_evidence(logits, self.nearness(roots))
        known = 1 / (1 + np.exp(-(evidence @ self.gate)))
        odds = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(known[:, None] * odds / odds.sum(1, keepdims=True), np.float32)

    def nearness(self, roots: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine to the nearest training example, both centred: (n,)."""
        nearest = l2_normalize(roots - self.centre) @ self.examples.T
        return np.asarray(nearest.max(1), np.float32)

    @classmethod
    def load(cls, path: Path) -> SoundHead:
        """Read a head that ``save`` wrote.

        Raises:
            EncoderUnavailable: there is no such file, or it is no head for this network.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                about = json.loads((file.metadata() or {})["head"])
                parts = {name: file.get_tensor(name).astype(np.float32) for name in _TENSORS}
            head = cls(words=tuple(about["words"]), **parts)
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
            raise EncoderUnavailable(f"{path} is not a head of the sound bridge") from error
        if about["weights"] != AISFX.sha256 or about["features"] != FEATURES:
            raise EncoderUnavailable(f"{path} was trained on other features: train it again")
        return head

    def save(self, path: Path) -> None:
        """Write as safetensors, words and the identity of the features in the metadata."""
        from safetensors.numpy import save_file

        about = {"words": self.words, "weights": AISFX.sha256, "features": FEATURES}
        tensors: dict[str, NDArray[Any]] = {
            "weights": self.weights,
            "bias": self.bias,
            # Half precision keeps the file small and moves a cosine by 1e-4.
            "examples": self.examples.astype(np.float16),
            "centre": self.centre,
            "gate": self.gate,
        }
        save_file(tensors, path, metadata={"head": json.dumps(about)})


def roots_of(features: Vectors) -> NDArray[np.float32]:
    """Return the head's input: square roots, which tame the few channels that dominate."""
    return np.sqrt(np.maximum(features, 0))


def gate_evidence(
    logits: NDArray[np.float32], nearness: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the gate's input for n windows, (n, 3)."""
    return np.stack([nearness, logits.max(1), np.ones_like(nearness)], axis=1)
