"""The GPU's backend, run on a CPU: precision, batches on their way, running out, compiling."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from engine.encoders.runtime import torch_gpu
from engine.encoders.runtime.choose import model_of
from engine.encoders.runtime.torch_cpu import TorchCpu
from engine.encoders.runtime.torch_gpu import TorchGpu
from engine.encoders.runtime.verify import least_cosine
from engine.errors import SensoriumError
from tests.encoders.backend_models import loaded

SEEN = np.random.default_rng(4).integers(0, 256, (41, 32, 32, 3), np.uint8)


class _Small:
    """A model on a device that holds so many pictures, and remembers its batches."""

    def __init__(self, holds: int = 10**9) -> None:
        self.loaded = loaded()
        self.holds = holds
        self.sizes: list[int] = []
        self._encode = self.loaded.model.encode_image
        self.loaded.model.encode_image = self.encode

    def encode(self, batch, normalize):
        import torch

        if len(batch) > self.holds:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        self.sizes.append(len(batch))
        return self._encode(batch, normalize=normalize)


def made(settings, small: _Small, **more) -> TorchGpu:
    return TorchGpu(model_of(small.loaded), settings, device="cpu", **more)


@pytest.fixture
def of_eight(monkeypatch):
    """A ramp that ends where it begins, so that sizes do not depend on the machine."""
    monkeypatch.setattr(torch_gpu, "ramp", lambda run, full, most: min(8, most))


def exact(settings) -> np.ndarray:
    return TorchCpu(model_of(loaded()), settings).encode_image(SEEN)


def test_half_precision_is_near_float32_and_not_it(settings, of_eight):
    ours = made(settings, _Small()).encode_image(SEEN)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    assert least_cosine(ours, exact(settings)) > 0.999
    assert np.abs(ours - exact(settings)).max() > 1e-5, "nothing was computed in half precision"


def test_where_half_precision_is_wrong_float32_runs(settings, of_eight, monkeypatch, caplog):
    monkeypatch.setattr(torch_gpu.verify, "COSINE", 1.1)
    ours = made(settings, _Small()).encode_image(SEEN)
    np.testing.assert_allclose(ours, exact(settings), atol=2e-5)
    assert "bfloat16 is refused" in caplog.text


def test_the_ramp_decides_the_size_within_memory_and_look_ahead(settings):
    assert made(settings, _Small(holds=5)).picture_batch() <= 5
    narrow = replace(settings, look_ahead=16 * 32 * 32 * 3)
    small = _Small()
    assert made(narrow, small).picture_batch() <= 16
    assert max(small.sizes) <= 16


def test_two_batches_on_their_way_come_back_in_any_order(settings, of_eight):
    backend = made(settings, _Small())
    batches = [SEEN[:8], SEEN[8:16], SEEN[16:21], SEEN[21:29]]
    pending = [backend.submit(list(batch)) for batch in batches]
    found = [p.result() for p in reversed(pending)][::-1]
    assert all(p.ready() for p in pending)
    assert least_cosine(np.concatenate(found), exact(settings)[:29]) > 0.999


@pytest.mark.parametrize("holds", [1, 3, 7])
def test_running_out_of_memory_loses_no_picture(settings, of_eight, holds):
    small = _Small()
    backend = made(settings, small)
    first = backend.submit(list(SEEN[:8]))
    small.holds = holds
    second = backend.submit(list(SEEN[8:16]))
    assert backend.picture_batch() <= holds
    rest = backend.encode_image(SEEN[16:])
    found = np.concatenate([first.result(), second.result(), rest])
    assert least_cosine(found, exact(settings)) > 0.999


def test_a_picture_that_does_not_fit_is_one_clear_line(settings, of_eight):
    small = _Small()
    backend = made(settings, small)
    backend.picture_batch()
    small.holds = 0
    with pytest.raises(SensoriumError, match="does not hold a single picture"):
        backend.submit(list(SEEN[:8]))


def test_a_few_texts_do_not_start_the_device(settings, of_eight):
    backend = made(settings, _Small())
    tokens = model_of(loaded()).tokens
    alone = TorchCpu(model_of(loaded()), settings).encode_text(tokens)
    np.testing.assert_array_equal(backend.encode_text(tokens), alone)
    many = np.concatenate([tokens] * 5)
    ours = backend.encode_text(many)
    assert least_cosine(ours, np.concatenate([alone] * 5)) > 0.999
    assert np.abs(ours[: len(alone)] - alone).max() > 1e-5


class _Compiler:
    """Compiles by tracing what it is given, and counts shapes."""

    def __init__(self, broken: bool = False) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.broken = broken

    def __call__(self, function):
        def fast(batch):
            self.shapes.append(tuple(batch.shape))
            if self.broken:
                raise RuntimeError("no C compiler\nis here")
            return function(batch)

        return fast


def test_compiled_code_sees_one_shape(settings, of_eight):
    compiler = _Compiler()
    backend = made(settings, _Small(), compiler=compiler, compile_after=0.0)
    found = backend.encode_image(SEEN[:37])
    assert set(compiler.shapes) == {(8, 32, 32, 3)}
    assert len(compiler.shapes) == 5
    assert least_cosine(found, exact(settings)[:37]) > 0.999


def test_a_batch_that_is_mostly_empty_is_not_padded(settings, of_eight):
    compiler, small = _Compiler(), _Small()
    backend = made(settings, small, compiler=compiler, compile_after=0.0)
    backend.encode_image(SEEN[:3])
    assert not compiler.shapes and small.sizes[-1] == 3


def test_compiling_waits_until_it_is_worth_it(settings, of_eight):
    compiler = _Compiler()
    backend = made(settings, _Small(), compiler=compiler, compile_after=1e9)
    backend.encode_image(SEEN)
    assert not compiler.shapes
    backend._computed = 2e9
    backend.encode_image(SEEN[:8])
    assert compiler.shapes


def test_a_compiler_that_fails_costs_only_speed(settings, of_eight, caplog):
    caplog.set_level(logging.INFO)
    compiler = _Compiler(broken=True)
    backend = made(settings, _Small(), compiler=compiler, compile_after=0.0)
    found = backend.encode_image(SEEN)
    assert least_cosine(found, exact(settings)) > 0.999
    assert len(compiler.shapes) == 1, "it is not asked again"
    assert "no C compiler is here" in caplog.text


def test_dynamo_takes_the_towers_as_they_are(settings, of_eight):
    """Without code generation, which needs a compiler."""
    import torch

    def trace(function):
        return torch.compile(function, dynamic=False, backend="eager")

    backend = made(settings, _Small(), compiler=trace, compile_after=0.0)
    found = backend.encode_image(SEEN[:16])
    assert backend._fast is not None and backend._compile_after == 0.0
    assert least_cosine(found, exact(settings)[:16]) > 0.999


@pytest.mark.parametrize("shape", ["resnet", "vit"])
def test_convolutions_and_only_they_lie_channels_last(settings, shape):
    import torch

    model = model_of(loaded(shape))
    TorchCpu(model, settings)
    first = next(p for p in model.module.visual.modules() if isinstance(p, torch.nn.Conv2d))
    lies = first.weight.is_contiguous(memory_format=torch.channels_last)
    assert lies == (shape == "resnet")
