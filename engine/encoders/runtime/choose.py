"""Choose the backend that runs a model: by name, or the fastest of a short measurement.

``auto`` takes a GPU where PyTorch has one. On a CPU it exports the model when the first
full batch of pictures comes, which is when a library begins to be filled, and keeps the
fastest of PyTorch, ONNX Runtime in float32, and, where the processor has them, PyTorch with
products in bfloat16. What was kept is written into the cache,
by the model and by the machine, and later processes take it from there: it is a property
of both, and of no library, which may lie on a disk that other machines share. Searching
exports and measures nothing.

int8 changes vectors a little (see ``backend``), so that nobody gets it who did not ask.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.common.artifact_cache import Damaged, load_cached
from engine.config import Settings
from engine.encoders.protocols import Pixels
from engine.encoders.runtime import machine, probes
from engine.encoders.runtime.backend import NAMES, Backend, Done, Model, Pending, Refused
from engine.encoders.runtime.onnx_backend import (
    FOLDER,
    OnnxPictures,
    OnnxPicturesInt8,
    OnnxTexts,
    VerifiedTower,
    batch_size,
)
from engine.encoders.runtime.torch_bf16 import TorchBf16
from engine.encoders.runtime.torch_cpu import TorchCpu
from engine.errors import EncoderUnavailable, UsageError
from engine.types.arrays import Vectors

_SECONDS = 4.0
"""Upper bound in seconds for the timing; every backend has two rounds in any case."""
_REVISION = 2
"""Revision of what is measured and how it is written down."""
_PROBES = (
    "a photo of a dog",
    "Two red boats, 35 mm, at dawn!",
    "a",
    "Zürich; 東京",
    "the quick brown fox jumps over the lazy dog " * 4,
    "a diagram",
    "people at a table in a garden",
    "rain on a window",
)
_Tower: TypeAlias = Callable[[NDArray[Any]], Vectors]
_TOWERS: Mapping[str, Callable[[Model, Settings, _Tower], _Tower]] = {
    "torch-bf16": TorchBf16,
    "onnx": OnnxPictures,
    "onnx-int8": OnnxPicturesInt8,
}
_WITH_TEXTS = ("onnx", "onnx-int8")
"""Towers that bring one of texts."""
_log = logging.getLogger(__name__)


def backend(loaded: Any, settings: Settings) -> Backend:
    """Make the backend that runs a model with these settings. Making it computes nothing.

    Args:
        loaded: an open_clip model with all that goes with it: ``model``, ``tokenize``,
            ``mean`` and ``std`` (tensors of 3 values) and ``revision``.

    Raises:
        UsageError: no backend has that name.
        EncoderUnavailable: a GPU is asked for, and PyTorch has none, or the backend
            does not run on one.
    """
    model, name = model_of(loaded), settings.backend
    if device(settings, name) == "cuda":
        from engine.encoders.runtime.torch_gpu import TorchGpu

        return TorchGpu(model, settings)
    return TorchCpu(model, settings) if name == "torch" else OnCpu(model, settings)


def model_of(loaded: Any) -> Model:
    """Return a loaded model as backends take it."""
    size = loaded.model.visual.image_size
    height, width = size if isinstance(size, tuple | list) else (size, size)
    return Model(
        module=loaded.model,
        mean=tuple(loaded.mean.flatten().tolist()),
        std=tuple(loaded.std.flatten().tolist()),
        size=(int(height), int(width)),
        tokens=np.asarray(loaded.tokenize(list(_PROBES)), np.int64),
        revision=loaded.revision,
    )


def device(settings: Settings, name: str) -> str:
    """``cpu`` or ``cuda``. All but ``torch`` is for a CPU alone.

    Raises:
        UsageError, EncoderUnavailable: as ``backend``.
    """
    if name not in NAMES:
        raise UsageError(f"no backend is called {name!r}; there are {', '.join(NAMES)}")
    only_cpu = name in _TOWERS
    if settings.device == "cpu" or (only_cpu and settings.device == "auto"):
        return "cpu"
    if only_cpu:
        raise EncoderUnavailable(
            f"the backend {name} has no GPU; backend=torch does", arguments=("backend",)
        )
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if settings.device == "cuda":
        raise EncoderUnavailable(
            "this PyTorch sees no GPU; install one that does, or set SENSORIUM_DEVICE=cpu"
        )
    return "cpu"


class OnCpu:
    """Implements ``Backend`` on a CPU: by name, or what is measured."""

    device = "cpu"

    def __init__(self, model: Model, settings: Settings) -> None:
        self._model = model
        self._settings = settings
        self._torch = TorchCpu(model, settings)
        self._lock = RLock()
        self._pictures: _Tower | None = None
        self._texts: _Tower | None = None
        self.name = settings.backend
        """What was asked for; once that is decided, what runs."""

    def encode_image(self, pixels: NDArray[np.uint8]) -> Vectors:
        full = len(pixels) >= self.picture_batch()
        return self._decided(worth_measuring=full)(pixels)

    def encode_text(self, tokens: NDArray[np.int64]) -> Vectors:
        with self._lock:
            if self._texts is None:
                self._texts = self._text_tower()
        return self._texts(tokens)

    def picture_batch(self) -> int:
        return batch_size(self._settings)

    def submit(self, pixels: Sequence[Pixels]) -> Pending[Vectors]:
        batch = np.stack(pixels)
        tower = self._decided(worth_measuring=len(batch) >= self.picture_batch())
        if isinstance(tower, VerifiedTower | TorchBf16):
            return tower.submit(batch)
        return Done(tower(batch))

    def _decided(self, worth_measuring: bool) -> _Tower:
        """Return the picture tower; PyTorch's for now, while nothing is worth measuring."""
        with self._lock:
            if self._pictures is not None:
                return self._pictures
            if self.name != "auto":
                self._take(self.name, self._picture_tower(self.name))
            elif (known := _known(self._model, self._settings)) is not None:
                self._take(known, self._picture_tower(known))
            elif worth_measuring:
                self._take(*self._measure())
            else:
                return self._torch.encode_image
            assert self._pictures is not None
            return self._pictures

    def _take(self, name: str, tower: _Tower) -> None:
        self._pictures = tower
        self._texts = None  # which go with the pictures
        self.name = "torch" if tower == self._torch.encode_image else name

    def _picture_tower(self, name: str) -> _Tower:
        """Make the tower of that backend, or on refusal take PyTorch's and log why."""
        if name == "torch":
            return self._torch.encode_image
        try:
            tower = _TOWERS[name](self._model, self._settings, self._torch.encode_image)
            if name in _WITH_TEXTS:
                OnnxTexts(self._model, self._settings, self._torch.encode_text)
        except Refused as refused:
            _log.warning("%s is refused: %s; torch takes its place", name, refused)
            return self._torch.encode_image
        return tower

    def _text_tower(self) -> _Tower:
        """Choose the text tower: ONNX Runtime's where pictures have it and it is exported.

        Else PyTorch's, which loads with the model anyway.
        """
        name = self.name
        if name == "auto":
            name = _known(self._model, self._settings) or "torch"
        if name not in _WITH_TEXTS or not OnnxTexts.known(self._model, self._settings):
            return self._torch.encode_text
        try:
            return OnnxTexts(self._model, self._settings, self._torch.encode_text)
        except Refused as refused:
            _log.warning("onnx is refused for texts: %s; torch takes its place", refused)
            return self._torch.encode_text

    def _measure(self) -> tuple[str, _Tower]:
        """Measure which tower is the fastest, and note it for later processes."""
        _log.info("trying which backend is the fastest here; this is done once for a model")
        towers: dict[str, _Tower] = {"torch": self._torch.encode_image}
        for other in _tried():
            tower = self._picture_tower(other)
            if tower != self._torch.encode_image:
                towers[other] = tower
        size = self.picture_batch()
        batch = probes.pictures(self._model.size, -(-size // 2))[:size]
        rates = measured(towers, batch, _SECONDS)
        name = max(rates, key=lambda name: rates[name])
        _note(self._model, self._settings, name, rates)
        _log.info(
            "%s, by %s pictures a second", name,
            ", ".join(f"{rate:.1f} ({other})" for other, rate in rates.items()),
        )  # fmt: skip
        return name, towers[name]


def measured(
    towers: Mapping[str, _Tower],
    batch: NDArray[np.uint8],
    seconds: float,
) -> dict[str, float]:
    """Pictures per second of each, by its fastest round.

    They take turns, because a machine has other things to do as well; the first round,
    in which memory is allotted, does not count.
    """
    best = dict.fromkeys(towers, float("inf"))
    until = time.perf_counter() + seconds
    rounds = 0
    while rounds < 3 or time.perf_counter() < until:
        for name, tower in towers.items():
            started = time.perf_counter()
            tower(batch)
            taken = time.perf_counter() - started
            if rounds:
                best[name] = min(best[name], taken)
        rounds += 1
    return {name: len(batch) / taken for name, taken in best.items()}


def _tried() -> tuple[str, ...]:
    """Return the backends that ``auto`` tries beside PyTorch."""
    return ("onnx", "torch-bf16") if machine.bf16_products() else ("onnx",)


def _key(model: Model, settings: Settings) -> str:
    on = machine.name(settings.threads)
    return f"{FOLDER}/{model.revision}-choice-{on}-b{settings.batch_size}-r{_REVISION}.json"


def _known(model: Model, settings: Settings) -> str | None:
    """Return what was measured to be the fastest here; None where nothing was."""
    key = _key(model, settings)
    try:
        return _read(settings.cache / key)
    except Damaged:
        return None


def _note(model: Model, settings: Settings, name: str, rates: Mapping[str, float]) -> None:
    def write(out: Path) -> None:
        out.write_text(json.dumps({"backend": name, "pictures_per_second": rates}))

    load_cached(settings, _key(model, settings), write, _read)


def _read(path: Path) -> str:
    try:
        name = json.loads(path.read_bytes())["backend"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(str(error)) from error
    if name not in ("torch", "torch-bf16", "onnx"):
        raise Damaged(f"it names {name!r}")
    return str(name)
