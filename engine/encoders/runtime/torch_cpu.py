"""The towers in PyTorch on a CPU, as open_clip computes them: what others are held to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.config import Settings
from engine.encoders.protocols import Pixels
from engine.encoders.runtime.backend import Done, Model, Pending, in_batches
from engine.types.arrays import Vectors


class TorchCpu:
    """Implements ``Backend``."""

    name = "torch"
    device = "cpu"

    def __init__(self, model: Model, settings: Settings) -> None:
        self._module = model.module
        self._mean, self._std = model.mean, model.std
        self._batch_size = settings.batch_size
        channels_last(model.module.visual)

    def encode_image(self, pixels: NDArray[np.uint8]) -> Vectors:
        return self._all(self._pictures, pixels)

    def encode_text(self, tokens: NDArray[np.int64]) -> Vectors:
        return self._all(self._texts, tokens)

    def picture_batch(self) -> int:
        return self._batch_size

    def submit(self, pixels: Sequence[Pixels]) -> Pending[Vectors]:
        return Done(self.encode_image(np.stack(pixels)))

    def _all(self, encode: Callable[[Any], Any], rows: NDArray[Any]) -> Vectors:
        import torch

        with torch.inference_mode():
            parts = [
                encode(torch.from_numpy(rows[part])).float().numpy()
                for part in in_batches(len(rows), self._batch_size)
            ]
        return np.concatenate(parts)

    def _pictures(self, batch: Any) -> Any:
        import torch

        mean, std = (torch.tensor(t).view(1, 3, 1, 1) for t in (self._mean, self._std))
        scaled = (batch.permute(0, 3, 1, 2).float() / 255.0 - mean) / std
        return self._module.encode_image(scaled, normalize=True)

    def _texts(self, batch: Any) -> Any:
        return self._module.encode_text(batch, normalize=True)


def channels_last(tower: Any) -> None:
    """Lay out the weights of a convolutional tower as its kernels want them.

    A transformer's only convolution cuts the picture into patches and gains nothing.
    """
    import torch

    convolutions = sum(isinstance(part, torch.nn.Conv2d) for part in tower.modules())
    if convolutions > 1:
        tower.to(memory_format=torch.channels_last)
