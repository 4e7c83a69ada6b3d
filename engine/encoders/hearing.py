"""The ears of an encoder that may have its own: a bridge that is chosen when the model is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from threading import RLock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.encoders.protocols import Heard, SoundBridge, Spectrogram
from engine.types import Space
from engine.types.arrays import Vectors, Waveform


class MayHear(SoundBridge, Protocol):
    """An encoder that is a sound bridge as well, if its model takes sound."""

    @property
    def hears(self) -> bool:
        """Tell whether sounds enter its space directly. This may load the model."""


class OwnOrBridged:
    """Implements ``SoundBridge`` by the encoder where it hears, and else by one of words.

    Making one loads nothing.
    """

    def __init__(self, encoder: MayHear, bridge: Callable[[], SoundBridge]) -> None:
        self._encoder, self._make = encoder, bridge
        self._lock = RLock()

    @property
    def _bridge(self) -> SoundBridge:
        with self._lock:  # threads that decode are often the first to ask, all at once
            return self._chosen

    @cached_property
    def _chosen(self) -> SoundBridge:
        return self._encoder if self._encoder.hears else self._make()

    @property
    def rate(self) -> int:
        """Samples per second that ``prepare`` expects."""
        return self._bridge.rate

    @property
    def sounds(self) -> Space:
        """The space in which sounds resemble sounds; the shared one where the encoder hears."""
        return self._bridge.sounds

    @property
    def revision(self) -> str:
        """The revision of the bridge that is used."""
        return self._bridge.revision

    @property
    def vocabulary(self) -> Sequence[str]:
        """The words that it knows; none where the encoder hears."""
        return self._bridge.vocabulary

    def check(self) -> None:
        """Raise ``EncoderUnavailable`` unless all that it needs is installed."""
        self._bridge.check()

    def prepare(self, samples: Waveform) -> Spectrogram:
        """Prepare one window. Called from many threads."""
        return self._bridge.prepare(samples)

    def listen(self, windows: Sequence[Spectrogram]) -> Heard:
        """Features and word probabilities of prepared windows."""
        return self._bridge.listen(windows)

    def words_of(self, features: Vectors) -> NDArray[np.float32]:
        """Probabilities of the words, (n, words), from features that ``listen`` gave."""
        return self._bridge.words_of(features)
