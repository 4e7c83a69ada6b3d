"""The towers in PyTorch on a GPU: half precision, two batches on their way.

The size of a batch is found by a short ramp with generated pictures when the first real
ones come, and halved for good where memory runs out later; the same pictures are tried
again, so that none is lost.

Compiling takes its time, half a minute for some models, and is worth it for large
collections only. As with renting or buying, who compiles after having computed for as
long as that takes has never spent more than twice the best: so that is when it happens.
Compiled code is for one shape, and a last batch that is more than half full is padded.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.common.file_state import one_line
from engine.config import Settings
from engine.encoders.protocols import Pixels
from engine.encoders.runtime import probes, verify
from engine.encoders.runtime.backend import Done, Model, Pending, in_batches
from engine.encoders.runtime.backoff import BackOff
from engine.encoders.runtime.ramp import ramp
from engine.encoders.runtime.torch_cpu import TorchCpu, channels_last
from engine.encoders.runtime.transfers import Lane
from engine.errors import SensoriumError
from engine.types.arrays import Vectors

_MOST = 512
_TEXTS = 256
"""Texts in one batch; they are short, so there is nothing to find out."""
_FEW_TEXTS = 32
"""Starting a GPU takes seconds, in which a CPU has long embedded as many."""
_COMPILING = 45.0
"""Seconds, about what compiling takes."""
_log = logging.getLogger(__name__)


class TorchGpu:
    """Implements ``Backend``. Making one does not start the GPU.

    Args:
        device: ``cuda``; ``cpu`` works as well, for tests.
        compiler: makes a faster function of one that takes and returns tensors;
            ``torch.compile`` for fixed shapes, by itself.
        compile_after: seconds of computing after which it is asked.
    """

    name = "torch"

    def __init__(
        self,
        model: Model,
        settings: Settings,
        device: str = "cuda",
        compiler: Callable[[Callable[[Any], Any]], Callable[[Any], Any]] | None = None,
        compile_after: float = _COMPILING,
    ) -> None:
        self.device = device
        self._model = model
        self._settings = settings
        self._compiler = compiler or _compiled
        self._compile_after = compile_after
        self._fast: Callable[[Any], Any] | None = None
        self._computed = 0.0
        self._on_cpu = TorchCpu(model, settings)
        self._lock = RLock()

    # --- Backend ---------------------------------------------------------------

    def encode_image(self, pixels: NDArray[np.uint8]) -> Vectors:
        parts = in_batches(len(pixels), self.picture_batch())
        pending = [self.submit(pixels[part]) for part in parts]  # type: ignore[arg-type]
        return np.concatenate([batch.result() for batch in pending])

    def encode_text(self, tokens: NDArray[np.int64]) -> Vectors:
        with self._lock:
            if "_tower" not in self.__dict__ and len(tokens) < _FEW_TEXTS:
                return self._on_cpu.encode_text(tokens)
            return self._texts(tokens)  # type: ignore[arg-type]

    def picture_batch(self) -> int:
        with self._lock:
            return self._pictures.size

    def submit(self, pixels: Sequence[Pixels]) -> Pending[Vectors]:
        with self._lock:
            if len(pixels) <= self._pictures.size:
                pending = self._begin(pixels)
                if pending is not None:
                    return pending
                self._pictures.halve(len(pixels))
            return Done(self._pictures(pixels))

    # --- the towers --------------------------------------------------------------

    @cached_property
    def _tower(self) -> Any:
        """The model, on the device from now on."""
        channels_last(self._model.module.visual)
        try:
            return self._model.module.to(self.device)
        except self._out_of_memory as error:
            raise SensoriumError(
                "the memory of the GPU does not hold the model: free some, or set"
                " SENSORIUM_DEVICE=cpu"
            ) from error

    @cached_property
    def _half(self) -> Any:
        """bfloat16 or float16, whichever the device has; None where its vectors are not
        those of float32."""
        import torch

        half = torch.bfloat16
        if self.device == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
            half = torch.float16
        tried = torch.from_numpy(probes.pictures(self._model.size, 4)).to(self.device)
        with torch.inference_mode():
            exact, ours = (
                np.concatenate([self._see(row[None], d).cpu().numpy() for row in tried])
                for d in (None, half)
            )
        cosine = verify.least_cosine(ours, exact)
        if cosine >= verify.COSINE:
            return half
        _log.warning(
            "%s is refused: its cosine with float32 is %.4f; pictures are embedded in float32",
            str(half).removeprefix("torch."), cosine,
        )  # fmt: skip
        return None

    def _see(self, batch: Any, half: Any) -> Any:
        """uint8 (n, height, width, 3) to unit float32 (n, dim), all on the device."""
        import torch

        mean, std = (
            torch.tensor(t, device=batch.device).view(1, 3, 1, 1)
            for t in (self._model.mean, self._model.std)
        )
        # A permuted batch is channels-last already, which is what channels_last is for.
        scaled = batch.permute(0, 3, 1, 2).float() * (1 / (255 * std)) - mean / std
        with torch.autocast(batch.device.type, half, enabled=half is not None):
            vectors = self._tower.encode_image(scaled, normalize=True)
        return torch.nn.functional.normalize(vectors.float(), dim=-1)

    def _read(self, tokens: Sequence[Any]) -> Vectors:
        import torch

        half, there = self._half, torch.from_numpy(np.asarray(tokens)).to(self.device)
        with torch.inference_mode(), torch.autocast(self.device, half, enabled=half is not None):
            vectors = self._tower.encode_text(there, normalize=True)
        unit = torch.nn.functional.normalize(vectors.float(), dim=-1)
        return np.array(unit.cpu().numpy())

    # --- batches -------------------------------------------------------------------

    @cached_property
    def _out_of_memory(self) -> type[BaseException]:
        import torch

        return torch.OutOfMemoryError

    @cached_property
    def _texts(self) -> BackOff[Any]:
        _ = self._tower
        return BackOff(self._read, self._out_of_memory, self._release, _TEXTS)

    @cached_property
    def _pictures(self) -> BackOff[Pixels]:
        """Pictures in turn. What decides the size is found out here."""
        height, width = self._model.size
        waiting = max(1, self._settings.look_ahead // (height * width * 3))
        _ = self._tower, self._half
        self._lanes = [_Slot() for _ in range(2)]
        most = min(_MOST, waiting)
        size = ramp(self._seconds, self._out_of_memory, most=most)
        self._release()
        for slot in self._lanes:
            slot.lane = None  # those of the ramp are larger
        return BackOff(self._now, self._out_of_memory, self._release, size)

    def _seconds(self, size: int) -> float:
        """Time a batch on its way there and back, at its second time."""
        pictures = list(np.zeros((size, *self._model.size, 3), np.uint8))
        taken = 0.0
        for _ in range(2):
            started = time.perf_counter()
            self._now(pictures)
            taken = time.perf_counter() - started
        return taken

    def _now(self, pixels: Sequence[Pixels]) -> Vectors:
        """Embed one batch, from beginning to end."""
        return self._start(pixels).result()

    def _begin(self, pixels: Sequence[Pixels]) -> Pending[Vectors] | None:
        """None where memory ran out. What the error's traceback held is free by then."""
        try:
            return self._start(pixels)
        except self._out_of_memory:
            return None

    def _start(self, pixels: Sequence[Pixels]) -> _Batch:
        import torch

        slot = self._lanes[0]
        self._lanes.reverse()
        slot.settle()
        with torch.inference_mode():
            lane = slot.lane_for(len(pixels), torch.device(self.device), self._model.size)
            there = lane.send(pixels)
            lane.receive(self._run(there)[: len(pixels)])
        slot.batch = _Batch(lane, self._lock, self._note)
        return slot.batch

    def _note(self, seconds: float) -> None:
        self._computed += seconds

    def _run(self, batch: Any) -> Any:
        """By compiled code, once that is worth it, for batches that are nearly full."""
        size = self._pictures.size if "_pictures" in self.__dict__ else 0
        if self._computed < self._compile_after or len(batch) * 2 <= size or not size:
            return self._see(batch, self._half)
        try:
            if self._fast is None:
                half = self._half
                self._fast = self._compiler(lambda pixels: self._see(pixels, half))
            return self._fast(_padded(batch, size))
        except self._out_of_memory:
            raise
        except Exception as error:  # a compiler that is not there, or cannot do this model
            _log.info("compiling fails, which only costs speed: %s", one_line(error))
            self._compile_after = float("inf")
            return self._see(batch, self._half)

    def _release(self) -> None:
        """Give back what memory can be: batches on their way are finished first."""
        import torch

        for slot in self._lanes if "_lanes" in self.__dict__ else ():
            slot.settle()
        if self.device == "cuda":
            torch.cuda.empty_cache()


class _Batch:
    """Implements ``Pending`` for a batch on its lane."""

    def __init__(self, lane: Lane, lock: RLock, note: Callable[[float], None]) -> None:
        self._lane = lane
        self._lock = lock
        self._note = note
        self._vectors: Vectors | None = None

    def ready(self) -> bool:
        return self._vectors is not None or self._lane.arrived()

    def result(self) -> Vectors:
        with self._lock:
            if self._vectors is None:
                self._vectors, seconds = self._lane.wait()
                self._note(seconds)
            return self._vectors


@dataclass(eq=False, slots=True)
class _Slot:
    """A lane and the batch that is on it."""

    lane: Lane | None = None
    rows: int = 0
    batch: _Batch | None = None

    def settle(self) -> None:
        """Have the vectors of its batch here, so that the lane is free."""
        if self.batch is not None:
            self.batch.result()
            self.batch = None

    def lane_for(self, rows: int, device: Any, size: tuple[int, int]) -> Lane:
        """Return the lane for batches of that many rows."""
        if self.lane is None or self.rows < rows:
            self.lane, self.rows = Lane(device, rows, size), rows
        return self.lane


def _padded(batch: Any, rows: int) -> Any:
    import torch

    if len(batch) == rows:
        return batch
    return torch.cat([batch, batch.new_zeros((rows - len(batch), *batch.shape[1:]))])


def _compiled(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    import torch

    made: Callable[[Any], Any] = torch.compile(function, dynamic=False)
    return made
