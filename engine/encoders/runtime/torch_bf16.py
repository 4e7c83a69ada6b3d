"""The picture tower in PyTorch on a CPU, with matrix products in bfloat16.

Weights, and all that lies between two products, stay in float32. oneDNN rounds the two
sides of a product to bfloat16 and adds up in float32; PyTorch calls that the
``fp32_precision`` of products. Where a processor has instructions for it (AMX, AVX-512),
ViT-B-32 is twice as fast so, and no cosine with PyTorch's own vectors was less than
0.9999. Texts, which are what asks, stay in float32.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Barrier, Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.artifact_cache import load_cached
from engine.config import Settings
from engine.encoders.runtime import machine, probes
from engine.encoders.runtime.backend import Gathered, Model, Pending, Refused, Then, in_batches
from engine.encoders.runtime.onnx_backend import FOLDER, read_verdict
from engine.encoders.runtime.verify import COSINE, compared
from engine.types.arrays import Vectors

_REVISION = 1
"""Revision of the probes and of what is required of them."""
_SCENES = 100
"""With their twins 200 pictures, so that one that is lost is half a point."""
_EACH = 8
"""Rows of one thread at a time: what lies between two products of more of them leaves the
caches."""


class TorchBf16:
    """Pictures to unit vectors, of which it is known that they are near PyTorch's.

    Args:
        exact: the same tower in PyTorch, in float32.

    Raises:
        Refused: the processor has no such products, or vectors are too far off.
    """

    def __init__(
        self, model: Model, settings: Settings, exact: Callable[[NDArray[Any]], Vectors]
    ) -> None:
        if not machine.bf16_products():
            raise Refused("this processor does not multiply bfloat16")
        if not _can_be_set():
            raise Refused("this PyTorch has no such setting; 2.9 has")
        self._exact = exact
        self._size = model.size
        self._threads = settings.threads
        on = machine.name(settings.threads)
        key = f"{FOLDER}/{model.revision}-bf16-{on}-r{_REVISION}.json"
        self.verdict = load_cached(settings, key, self._verify, read_verdict)
        self.verdict.require(COSINE)

    def __call__(self, pixels: NDArray[Any]) -> Vectors:
        """Rows to unit vectors (n, dim)."""
        return self.submit(pixels).result()

    def submit(self, pixels: NDArray[Any]) -> Pending[Vectors]:
        """Begin to embed pictures, to be collected later.

        Each thread computes all of the tower for rows of its own: those inside of a product would
        wait for the one whose core is decoding, and five times as long as they compute (measured).
        """
        parts = in_batches(len(pixels), max(1, min(_EACH, -(-len(pixels) // self._threads))))
        sent = [self._pool.submit(self._part, pixels[part]) for part in parts]
        return Then(Gathered(sent), _joined)

    def _part(self, pixels: NDArray[Any]) -> Vectors:
        with _products_in_bf16():
            return self._exact(pixels)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return _alone_each(self._threads)

    def _verify(self, out: Path) -> None:
        pictures = probes.pictures(self._size, _SCENES)
        verdict = compared(self(pictures), self._exact(pictures), twins=True)
        out.write_text(json.dumps(verdict.as_dict()))


def _can_be_set() -> bool:
    import torch

    return hasattr(torch.backends.mkldnn, "matmul")


def _joined(parts: list[Vectors]) -> Vectors:
    return np.concatenate(parts)


def _alone_each(count: int) -> ThreadPoolExecutor:
    """Threads in each of which PyTorch computes by itself.

    ``set_num_threads`` is for the thread that calls it and for all that ask for the first
    time later on. So all of these ask at once, and then the caller takes it back.
    """
    import torch

    before, all_there = torch.get_num_threads(), Barrier(count)

    def begin(_: int) -> None:
        torch.set_num_threads(1)
        torch.get_num_threads()  # asks for the first time
        all_there.wait()

    pool = ThreadPoolExecutor(count, "bf16")
    list(pool.map(begin, range(count)))
    torch.set_num_threads(before)
    return pool


_lock = Lock()
_inside = 0


@contextmanager
def _products_in_bf16() -> Iterator[None]:
    """Multiply float32 matrices by products in bfloat16 for the length of a ``with``.

    PyTorch has one setting for all threads. So whoever else multiplies matrices of float32 just now
    gets these products as well; the last to leave takes them back.
    """
    import torch

    global _inside
    mkldnn: Any = torch.backends.mkldnn
    precision = mkldnn.matmul
    with _lock:
        _inside += 1
        precision.fp32_precision = "bf16"
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                precision.fp32_precision = "none"
