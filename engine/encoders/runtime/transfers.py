"""Batches to a device and their vectors back, while it computes something else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.encoders.protocols import Pixels
from engine.types.arrays import Vectors


class Lane:
    """The way of one batch at a time, with page-locked memory at this end of it.

    On CUDA, pixels are copied on a stream of their own, so that they arrive while the
    batch before is computed; on other devices all of it happens in turn. The buffer of
    pixels is written again only after ``wait``, by when it has long been read.

    Args:
        device: ``torch.device``.
        rows: of the largest batch.
        size: height and width of the pictures.
    """

    def __init__(self, device: Any, rows: int, size: tuple[int, int]) -> None:
        import torch

        self._device = device
        self._cuda = device.type == "cuda"
        self._pixels = _page_locked((rows, *size, 3), torch.uint8, self._cuda)
        self._vectors: Any = None
        self._copying: Any = _cuda().Stream(device) if self._cuda else None
        # On other devices a batch has arrived when ``receive`` returns.
        self._events: list[Any] = [_cuda().Event(enable_timing=True) for _ in range(2 * self._cuda)]
        self._times = [0.0, 0.0]
        self._count = 0

    def send(self, pixels: Sequence[Pixels]) -> Any:
        """Begin to copy pixels to the device.

        Returns the tensor, uint8 (n, height, width, 3), which what is queued on the device from now
        on finds complete.
        """
        import torch

        self._count = len(pixels)
        np.stack(pixels, out=self._pixels.numpy()[: self._count])
        here = self._pixels[: self._count]
        if self._copying is None:
            self._mark(0)
            return here.to(self._device, copy=True)
        with torch.cuda.stream(self._copying):
            there = here.to(self._device, non_blocking=True)
        computing = torch.cuda.current_stream(self._device)
        computing.wait_stream(self._copying)
        there.record_stream(computing)  # its memory belongs to the stream that copied it
        self._mark(0)
        return there

    def receive(self, vectors: Any) -> None:
        """Begin to copy vectors (n, dim) back, once they are computed."""
        import torch

        if self._vectors is None:
            shape = (len(self._pixels), vectors.shape[1])
            self._vectors = _page_locked(shape, torch.float32, self._cuda)
        self._vectors[: self._count].copy_(vectors, non_blocking=True)
        self._mark(1)

    def _mark(self, which: int) -> None:
        """Record the beginning or the end of what is computed, by the device's own clock."""
        if self._events:
            import torch

            self._events[which].record(torch.cuda.current_stream(self._device))
        else:
            self._times[which] = time.perf_counter()

    def arrived(self) -> bool:
        """Tell whether the vectors are there."""
        return not self._events or bool(self._events[1].query())

    def wait(self) -> tuple[Vectors, float]:
        """Wait for the vectors; returns them and how many seconds computing took."""
        if not self._events:
            seconds = self._times[1] - self._times[0]
        else:
            self._events[1].synchronize()
            seconds = self._events[0].elapsed_time(self._events[1]) / 1000
        return np.array(self._vectors[: self._count].numpy()), seconds


def _cuda() -> Any:
    """``torch.cuda``, whose streams and events have no types."""
    import torch

    return torch.cuda


def _page_locked(shape: tuple[int, ...], dtype: Any, locked: bool) -> Any:
    """Memory that a GPU reads and writes by itself; ordinary where there is none of it."""
    import torch

    if locked:
        try:
            return torch.empty(shape, dtype=dtype, pin_memory=True)
        except RuntimeError:  # of which a system may have little; copies then take longer
            pass
    return torch.empty(shape, dtype=dtype)
