"""Products in bfloat16: near enough, for pictures alone, and for nobody else."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import numpy as np
import pytest

from engine.encoders.runtime import machine, torch_bf16
from engine.encoders.runtime.backend import Refused
from engine.encoders.runtime.choose import OnCpu
from engine.encoders.runtime.onnx_backend import FOLDER
from engine.encoders.runtime.torch_bf16 import TorchBf16
from engine.encoders.runtime.torch_cpu import TorchCpu
from tests.encoders.backend_models import SHAPES, model

SEEN = np.random.default_rng(4).integers(0, 256, (37, 32, 32, 3), np.uint8)


@pytest.fixture
def cpu(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "bf16_products", lambda: True)
    monkeypatch.setattr(torch_bf16, "_SCENES", 8)
    return replace(settings, cache=tmp_path, device="cpu", backend="torch-bf16")


def precision() -> str:
    import torch

    return str(torch.backends.mkldnn.matmul.fp32_precision)


@pytest.mark.parametrize("shape", SHAPES)
def test_pictures_are_near_and_texts_exact(cpu, shape):
    of = model(shape)
    made, exact = OnCpu(of, cpu), TorchCpu(of, cpu)
    expected, vectors = exact.encode_image(SEEN), made.encode_image(SEEN)
    assert made.name == "torch-bf16"
    assert (vectors * expected).sum(axis=1).min() > 0.999
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(made.encode_text(of.tokens), exact.encode_text(of.tokens))


@pytest.mark.skipif(not machine.bf16_products(), reason="this processor has no such products")
def test_products_are_in_bfloat16_inside_alone(cpu):
    exact = TorchCpu(model(), cpu)
    before = exact.encode_image(SEEN)
    vectors = TorchBf16(model(), cpu, exact.encode_image)(SEEN)
    assert (vectors != before).any()
    np.testing.assert_array_equal(exact.encode_image(SEEN), before)
    assert precision() == "none"


def test_the_last_to_leave_takes_the_setting_back(cpu):
    """Two encode at once; who is done first leaves the other one its products."""
    both, seen = Barrier(2, timeout=60), []

    def work(first: bool) -> None:
        with torch_bf16._products_in_bf16():
            both.wait()
            if not first:
                both.wait()  # until the other one has left
                seen.append(precision())
        if first:
            both.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (True, False)))
    assert seen == ["bf16"]
    assert precision() == "none"


def test_an_error_inside_takes_it_back(cpu):
    with pytest.raises(ValueError, match="inside"), torch_bf16._products_in_bf16():
        raise ValueError("inside")
    assert precision() == "none"


def test_what_is_too_far_off_is_refused_and_stays_refused(cpu):
    of, exact = model(), TorchCpu(model(), cpu)

    def wrong(pixels):
        vectors = exact.encode_image(pixels)
        return vectors[:, ::-1] if precision() == "bf16" else vectors

    with pytest.raises(Refused, match="its cosine with PyTorch is"):
        TorchBf16(of, cpu, wrong)
    (page,) = (cpu.cache / FOLDER).glob("*bf16*.json")
    assert json.loads(page.read_text())["cosine"] < 0.999
    with pytest.raises(Refused, match="its cosine"):
        TorchBf16(of, cpu, exact.encode_image)  # it is not tried again


def test_an_older_pytorch_is_refused(cpu, monkeypatch):
    import torch

    monkeypatch.delattr(type(torch.backends.mkldnn), "matmul", raising=False)
    monkeypatch.delattr(torch.backends.mkldnn, "matmul", raising=False)
    if hasattr(torch.backends.mkldnn, "matmul"):
        pytest.fail("it could not be taken away")
    with pytest.raises(Refused, match=r"2\.9 has"):
        TorchBf16(model(), cpu, TorchCpu(model(), cpu).encode_image)
