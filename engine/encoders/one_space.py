"""Share what is the same for all encoders whose one space holds all that they embed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.encoders.protocols import Spectrogram
from engine.types import Space
from engine.types.arrays import Vectors, Waveform


class OneSpace(ABC):
    """A base of encoders of one space, in which sounds lie where words find them.

    It is the part of ``Encoder`` and of ``SoundBridge`` that is the same for all of them: a tower
    of sounds that knows no words, and takes samples as they are.
    """

    vocabulary: Sequence[str] = ()

    @property
    @abstractmethod
    def shared(self) -> Space:
        """The one space."""

    @property
    def looks(self) -> Space:
        """The same space: pictures resemble each other where words find them."""
        return self.shared

    @property
    def sounds(self) -> Space:
        """The same space: sounds resemble each other where words find them."""
        return self.shared

    @property
    def revision(self) -> str:
        """The revision of the sound tower, which is that of the space."""
        return self.shared.revision

    def prepare(self, samples: Waveform) -> Spectrogram:
        """Return the samples themselves, (n,), one at least: the model makes its own features."""
        return np.asarray(samples if len(samples) else np.zeros(1), np.float32)

    def words_of(self, features: Vectors) -> NDArray[np.float32]:
        """Return no words, (n, 0), because this tower knows none."""
        return np.zeros((len(features), 0), np.float32)


def fitted(image: Image.Image, side: int) -> Image.Image:
    """Return a picture in RGB whose shorter side has ``side`` pixels at most."""
    scale = side / min(image.size)
    if scale < 1:
        width, height = (max(1, round(length * scale)) for length in image.size)
        image = image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
    return image.convert("RGB")
