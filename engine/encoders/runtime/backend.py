"""Protocol of a backend: the two towers of one model, however they are computed.

All backends of a model embed into the same space, and the space's revision does not name
them. Those in float32 agree to rounding. ``torch-bf16`` (products alone), a GPU's half
precision and ``onnx-int8`` do not, but all are bounded: one is refused unless every probe's
cosine with float32 is 0.999 (int8: 0.99) and its recall the same within a point
(``verify``). On a CPU they are for pictures only; texts, which are what asks, stay in
float32. A picture's vector in int8 is a coarser code of the same
vector, as those that the store (float16) and the indexes (4 bits) make of it anyway. So a
library can be filled on a GPU, grown on a laptop and searched anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engine.encoders.protocols import Embedded, Pixels
from engine.types.arrays import Vectors

NAMES = ("auto", "torch", "torch-bf16", "onnx", "onnx-int8")
"""The values that ``--backend`` takes. ``auto`` is measured, among all but int8."""

Result = TypeVar("Result", covariant=True)
Value = TypeVar("Value")
Made = TypeVar("Made")


class Refused(Exception):
    """A backend cannot be made, or its vectors are not those of PyTorch. The message goes
    into one line after "onnx is refused: "; whoever asked falls back to PyTorch."""


@dataclass(frozen=True)
class Model:
    """A loaded model, with what is needed to run and to try it."""

    module: Any
    """``torch.nn.Module`` of open_clip, in float32, on the CPU, in evaluation mode:
    ``encode_image`` and ``encode_text``, both with ``normalize``."""
    mean: tuple[float, float, float]
    """Mean of the channels, for pixels in [0, 1]; ``std`` alike."""
    std: tuple[float, float, float]
    size: tuple[int, int]
    """Height and width of the pictures."""
    tokens: NDArray[np.int64]
    """A few texts as the model's own tokenizer cuts them, (n, context length), to try
    and to trace the text tower with."""
    revision: str
    """A hash of all weights and settings."""


class Pending(Protocol[Result]):
    """A batch on its way."""

    def ready(self) -> bool:
        """Tell whether ``result`` returns without waiting."""

    def result(self) -> Result:
        """Return the result, waiting as long as that takes."""


@dataclass(frozen=True)
class Done(Generic[Value]):
    """Implements ``Pending`` for what is computed at once."""

    value: Value

    def ready(self) -> bool:
        return True

    def result(self) -> Value:
        return self.value


@dataclass(frozen=True)
class Gathered(Generic[Value]):
    """Implements ``Pending`` for what threads compute, in its order."""

    parts: Sequence[Future[Value]]

    def ready(self) -> bool:
        return all(part.done() for part in self.parts)

    def result(self) -> list[Value]:
        return [part.result() for part in self.parts]


@dataclass(frozen=True)
class Then(Generic[Value, Made]):
    """Implements ``Pending`` for what is made of another one's result."""

    before: Pending[Value]
    make: Callable[[Value], Made]

    def ready(self) -> bool:
        return self.before.ready()

    def result(self) -> Made:
        return self.make(self.before.result())


class Backend(Protocol):
    """Both towers of one model, for any number of rows: batches are the backend's own."""

    @property
    def name(self) -> str:
        """``torch``, ``torch-bf16``, ``onnx`` or ``onnx-int8``."""

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``."""

    def encode_image(self, pixels: NDArray[np.uint8]) -> Vectors:
        """Pictures (n, height, width, 3) to (n, dim), L2-normalised float32."""

    def encode_text(self, tokens: NDArray[np.int64]) -> Vectors:
        """Tokens (n, context length) to (n, dim), L2-normalised float32."""

    def picture_batch(self) -> int:
        """Pictures to submit at a time. The first call may take as long as finding out."""

    def submit(self, pixels: Sequence[Pixels]) -> Pending[Vectors]:
        """Begin to embed at most ``picture_batch()`` pictures.

        Two batches may be on their way; they are collected in their order.
        """


@runtime_checkable
class Pipelined(Protocol):
    """An encoder that embeds a batch of pictures while the next one is put together.

    The indexer asks for it beside ``Encoder``, which needs none of this.
    """

    def picture_batch(self) -> int:
        """Return the number of pictures to submit at a time, as in ``Backend``."""

    def submit_images(self, pixels: Sequence[Pixels]) -> Pending[Embedded]:
        """``Encoder.embed_images``, to be collected later, as in ``Backend.submit``."""


def in_batches(rows: int, size: int) -> list[slice]:
    """Slices of at most ``size`` rows that cover ``rows``."""
    return [slice(first, min(first + size, rows)) for first in range(0, rows, size)]
