"""Name sounds by an ensemble of small networks, behind a gate for what has no word.

Read by ``CompactSounds`` where the file of its head is one of these. The networks have
two layers each, and one output more than there are words: that of what is no sound of any
word, such as noise and pure tones. ``engine.training.sound_words`` fits them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.vectors import l2_normalize
from engine.errors import EncoderUnavailable
from engine.types.arrays import Vectors

_TENSORS = (
    "mean", "scale", "first", "first_bias", "second", "second_bias", "origin", "centres", "gate",
)  # fmt: skip
_HALF = frozenset({"first", "second", "centres"})
"""Tensors that are written in half precision, which moves a probability by under 1e-3."""
_FORMAT = "networks"
_LEAST = 1e-6
"""The least probability that a logarithm is taken of."""


@dataclass(frozen=True, slots=True)
class WordNetwork:
    """An ensemble of k networks that gives probabilities of n words from 512 features."""

    words: tuple[str, ...]
    mean: NDArray[np.float32]
    """The mean of the square roots of the features, (512,)."""
    scale: NDArray[np.float32]
    first: NDArray[np.float32]
    """Weights of the hidden layers, (k, 512, hidden)."""
    first_bias: NDArray[np.float32]
    second: NDArray[np.float32]
    """Weights of the outputs, (k, hidden, words + 1); the last output is of no word."""
    second_bias: NDArray[np.float32]
    origin: NDArray[np.float32]
    """The mean of the training roots, (512,)."""
    centres: NDArray[np.float32]
    """The mean direction of each word's roots from ``origin``, unit vectors (words, 512)."""
    gate: NDArray[np.float32]
    """Weights of the log odds that a sound has a word, of ``evidence``."""

    def probabilities(self, features: Vectors) -> NDArray[np.float32]:
        """Per window and word, (n, words), in [0, 1]; rows sum to less than 1."""
        roots = np.sqrt(np.maximum(features, 0))
        odds = self.outputs(roots)
        known = 1 / (1 + np.exp(-(self.evidence(roots, odds) @ self.gate)))
        named = odds[:, :-1] / np.maximum(odds[:, :-1].sum(1, keepdims=True), _LEAST)
        return np.asarray(known[:, None] * named, np.float32)

    def outputs(self, roots: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of the networks' probabilities, (n, words + 1)."""
        rows = (roots - self.mean) / self.scale
        hidden = np.maximum(rows @ self.first + self.first_bias[:, None], 0)
        logits = hidden @ self.second + self.second_bias[:, None]
        odds = np.exp(logits - logits.max(2, keepdims=True))
        return np.asarray((odds / odds.sum(2, keepdims=True)).mean(0), np.float32)

    def evidence(
        self, roots: NDArray[np.float32], outputs: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the gate's input for n windows, (n, 4)."""
        likely = np.log(np.maximum(outputs[:, :-1].max(1, initial=0), _LEAST))
        some = np.log(np.maximum(1 - outputs[:, -1], _LEAST))
        near = (l2_normalize(roots - self.origin) @ self.centres.T).max(1, initial=-1)
        return np.stack([likely, some, near, np.ones_like(near)], axis=1)

    @staticmethod
    def is_file(path: Path) -> bool:
        """Tell whether a file says that it is of this format."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                about = json.loads((file.metadata() or {}).get("head", "{}"))
        except (OSError, SafetensorError, ValueError):
            return False
        return isinstance(about, dict) and about.get("format") == _FORMAT

    @classmethod
    def load(cls, path: Path, weights: str, features: str) -> WordNetwork:
        """Read what ``save`` wrote.

        Raises:
            EncoderUnavailable: the file is damaged, or was trained on other features.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                about = json.loads((file.metadata() or {})["head"])
                parts = {name: file.get_tensor(name).astype(np.float32) for name in _TENSORS}
            head = cls(words=tuple(about["words"]), **parts)
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
            raise EncoderUnavailable(f"{path} is not a head of the sound bridge") from error
        if (about.get("weights"), about.get("features")) != (weights, features):
            raise EncoderUnavailable(f"{path} was trained on other features: train it again")
        return head

    def save(self, path: Path, weights: str, features: str) -> None:
        """Write as safetensors, words and the identity of the features in the metadata."""
        from safetensors.numpy import save_file

        about = {
            "format": _FORMAT, "words": self.words, "weights": weights, "features": features,
        }  # fmt: skip
        tensors: dict[str, NDArray[Any]] = {
            name: getattr(self, name).astype(np.float16 if name in _HALF else np.float32)
            for name in _TENSORS
        }
        save_file(tensors, path, metadata={"head": json.dumps(about)})
