"""Which backend runs: by name, by a measurement that is kept, and by what is refused."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import replace

import numpy as np
import pytest

from engine.encoders.runtime import choose, machine
from engine.encoders.runtime.backend import Refused
from engine.encoders.runtime.choose import OnCpu, backend
from engine.encoders.runtime.onnx_backend import FOLDER, OnnxPictures
from engine.encoders.runtime.torch_cpu import TorchCpu
from engine.errors import EncoderUnavailable, UsageError
from tests.encoders.backend_models import loaded

SEEN = np.random.default_rng(2).integers(0, 256, (9, 32, 32, 3), np.uint8)


@pytest.fixture
def empty(settings, tmp_path, monkeypatch):
    """Settings with an empty cache."""
    monkeypatch.setattr(choose, "_SECONDS", 0.05)
    return replace(settings, cache=tmp_path / "empty", device="cpu")


@pytest.fixture(scope="module")
def exported(settings, tmp_path_factory):
    """A cache with all exports and verdicts, and no choice: exporting takes seconds."""
    cache = tmp_path_factory.mktemp("exported")
    for name in ("onnx", "onnx-int8"):
        made = backend(loaded(), replace(settings, cache=cache, device="cpu", backend=name))
        made.encode_image(SEEN)
        made.encode_text(choose.model_of(loaded()).tokens)
    return cache


@pytest.fixture
def cpu(empty, exported, tmp_path):
    """Settings with a cache of its own, in which the exports are."""
    shutil.copytree(exported, tmp_path / "filled")
    return replace(empty, cache=tmp_path / "filled")


def exact(settings):
    return TorchCpu(choose.model_of(loaded()), settings)


def test_torch_is_pytorch_and_writes_nothing(empty):
    made = backend(loaded(), replace(empty, backend="torch"))
    assert isinstance(made, TorchCpu)
    assert made.encode_image(SEEN).shape == (9, 32)
    assert not empty.cache.exists()


@pytest.mark.parametrize(("name", "near"), [("onnx", 2e-5), ("onnx-int8", 0.05)])
def test_what_is_asked_for_runs(cpu, name, near):
    made = backend(loaded(), replace(cpu, backend=name))
    np.testing.assert_allclose(made.encode_image(SEEN), exact(cpu).encode_image(SEEN), atol=near)
    assert made.name == name
    texts = choose.model_of(loaded()).tokens
    np.testing.assert_allclose(made.encode_text(texts), exact(cpu).encode_text(texts), atol=2e-5)


def test_a_few_pictures_or_texts_measure_nothing(empty):
    made = backend(loaded(), replace(empty, backend="auto"))
    made.encode_image(SEEN[:3])
    made.encode_text(choose.model_of(loaded()).tokens)
    assert made.name == "auto" and not empty.cache.exists()


def test_the_first_full_batch_measures_and_later_processes_know(cpu, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    made = backend(loaded(), cpu)
    vectors = made.encode_image(SEEN)
    np.testing.assert_allclose(vectors, exact(cpu).encode_image(SEEN), atol=0.01)
    (page,) = (cpu.cache / FOLDER).glob("*choice*.json")
    kept = json.loads(page.read_text())
    tried = {"torch", "torch-bf16", "onnx"} if machine.bf16_products() else {"torch", "onnx"}
    assert set(kept["pictures_per_second"]) == tried
    rates = kept["pictures_per_second"]
    assert kept["backend"] == made.name == max(rates, key=rates.get)
    assert "pictures a second" in caplog.text

    def again(*_):
        raise AssertionError("measured a second time")

    monkeypatch.setattr(choose, "measured", again)
    later = backend(loaded(), cpu)
    later.encode_image(SEEN[:1])
    assert later.name == made.name


@pytest.mark.parametrize("fastest", ["torch", "torch-bf16", "onnx"])
def test_the_fastest_one_is_kept(cpu, monkeypatch, fastest):
    monkeypatch.setattr(machine, "bf16_products", lambda: True)
    rates = {"torch": 1.0, "torch-bf16": 1.0, "onnx": 1.0} | {fastest: 2.0}
    monkeypatch.setattr(choose, "measured", lambda towers, *_: {n: rates[n] for n in towers})
    for _ in range(2):
        made = backend(loaded(), cpu)
        made.encode_image(SEEN)
        assert made.name == fastest


def test_without_such_instructions_bf16_is_tried_by_nobody_who_did_not_ask(
    cpu, monkeypatch, caplog
):
    monkeypatch.setattr(machine, "bf16_products", lambda: False)
    backend(loaded(), cpu).encode_image(SEEN)
    (page,) = (cpu.cache / FOLDER).glob("*choice*.json")
    assert set(json.loads(page.read_text())["pictures_per_second"]) == {"torch", "onnx"}
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]
    asked = backend(loaded(), replace(cpu, backend="torch-bf16"))
    np.testing.assert_array_equal(asked.encode_image(SEEN), exact(cpu).encode_image(SEEN))
    assert asked.name == "torch"
    (line,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert line.startswith("torch-bf16 is refused: this processor does not multiply bfloat16")


def test_rates_are_those_of_the_fastest_round_without_the_first():
    times = {"steady": iter([9, 2, 2, 2] * 50), "uneven": iter([0, 9, 1, 9] * 50)}
    clock = [0.0]

    def tower(name):
        def run(_):
            clock[0] += next(times[name])

        return run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choose.time, "perf_counter", lambda: clock[0])
        rates = choose.measured({n: tower(n) for n in times}, SEEN[:4], seconds=30)
    assert rates == {"steady": 2.0, "uneven": 4.0}


def test_a_choice_is_that_of_the_machine(cpu, monkeypatch):
    backend(loaded(), cpu).encode_image(SEEN)
    monkeypatch.setattr(machine, "name", lambda _: "another")
    assert choose._known(choose.model_of(loaded()), cpu) is None


@pytest.mark.parametrize("content", ["", "[]", '{"backend": "abacus"}'])
def test_a_choice_that_is_damaged_is_made_again(cpu, content):
    first = backend(loaded(), cpu)
    first.encode_image(SEEN)
    (page,) = (cpu.cache / FOLDER).glob("*choice*.json")
    page.write_text(content)
    backend(loaded(), cpu).encode_image(SEEN)
    assert json.loads(page.read_text())["backend"] in ("torch", "torch-bf16", "onnx")


@pytest.mark.parametrize("name", ["onnx", "onnx-int8", "auto"])
def test_what_is_refused_falls_back_to_pytorch_with_one_line(cpu, monkeypatch, caplog, name):
    def refuse(*_):
        raise Refused("its cosine with PyTorch is 0.5000, less than 0.999")

    monkeypatch.setattr(machine, "bf16_products", lambda: False)
    monkeypatch.setattr(OnnxPictures, "__init__", refuse)
    made = backend(loaded(), replace(cpu, backend=name))
    np.testing.assert_array_equal(made.encode_image(SEEN), exact(cpu).encode_image(SEEN))
    assert made.name == "torch"
    (line,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert "is refused: its cosine" in line and "torch takes its place" in line
    assert "\n" not in line


def test_batches_may_be_of_any_size_and_none(cpu):
    made = OnCpu(choose.model_of(loaded()), replace(cpu, backend="onnx", batch_size=4))
    alone = np.concatenate([made.encode_image(SEEN[i : i + 1]) for i in range(9)])
    np.testing.assert_allclose(made.encode_image(SEEN), alone, atol=2e-5)
    np.testing.assert_allclose(made.submit(list(SEEN)).result(), alone, atol=2e-5)


def test_an_unknown_backend_lists_what_there_is(cpu):
    with pytest.raises(
        UsageError, match="'tpu'; there are auto, torch, torch-bf16, onnx, onnx-int8"
    ):
        backend(loaded(), replace(cpu, backend="tpu"))


@pytest.mark.parametrize("name", ["onnx", "torch", "auto"])
def test_a_gpu_that_is_not_there_is_one_clear_line(cpu, name):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(EncoderUnavailable, match="GPU") as caught:
        backend(loaded(), replace(cpu, device="cuda", backend=name))
    assert "\n" not in str(caught.value)


def test_without_a_gpu_auto_is_the_cpu(cpu):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    assert backend(loaded(), replace(cpu, device="auto")).device == "cpu"
