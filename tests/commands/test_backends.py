"""`index --backend`, through real processes, on a small CLIP with random weights."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from PIL import Image

from engine import Library
from engine.config import Settings
from engine.encoders.openclip.encoder import OpenClipEncoder
from tests.clip import write_model
from tests.indexers.runs import vectors


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("backend-clip"))


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for seed in range(20):
        pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(pixels).resize((80, 60)).save(folder / f"{seed:02}.png")
    return folder


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SENSORIUM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SENSORIUM_OCR", "0")  # whose models would be made anew in it
    return tmp_path / "cache"


def test_auto_tries_once_and_says_so(run, model_folder, pictures, own_cache):
    first = run("index", pictures, "--encoder", model_folder, "--json")
    assert first.code == 0 and first.json["added"] == 20
    assert "trying which backend is the fastest here" in first.err
    assert "pictures a second" in first.err
    (page,) = own_cache.glob("backends/*choice*.json")
    chosen = json.loads(page.read_text())["backend"]
    for file in pictures.iterdir():
        os.utime(file, (1, 1))
        file.write_bytes(file.read_bytes() + b"\0")
    again = run("index", pictures, "--json")
    assert again.json["changed"] == 20 and "trying" not in again.err
    assert chosen in ("torch", "onnx")


@pytest.mark.parametrize("backend", ["torch", "onnx-int8"])
def test_what_is_stored_is_near_what_pytorch_says(
    run, library, model_folder, pictures, own_cache, backend
):
    done = run("index", pictures, "--encoder", model_folder, "--backend", backend, "--json")
    assert (done.code, done.json["added"], done.json["failed"]) == (0, 20, 0)
    assert "refused" not in done.err
    encoder = OpenClipEncoder(str(model_folder), Settings(backend="torch"))
    seen = [encoder.prepare_image(Image.open(file)) for file in sorted(pictures.iterdir())]
    exact = encoder.embed_images(seen).vectors[encoder.shared.name]
    with Library.open(library) as opened:
        found = vectors(opened.store, encoder.shared.name)
    ours = np.stack([found[moment] for moment in sorted(found)])
    assert (ours * exact).sum(axis=1).min() >= 0.99
    exactly = np.allclose(ours, exact, atol=5e-4)  # the store keeps float16
    assert exactly == (backend != "onnx-int8")
    made = {path.name for path in own_cache.glob("backends/*/pictures*") if path.is_dir()}
    assert bool(made) == (backend != "torch")


def test_an_unknown_backend_is_refused_before_anything_is_made(run, library, pictures):
    done = run("index", pictures, "--backend", "abacus")
    assert done.code == 2 and "onnx-int8" in done.err
    assert not library.exists()


def test_a_gpu_that_is_not_there_is_refused_before_anything_is_made(
    run, library, model_folder, pictures, own_cache
):
    done = run(
        "index", pictures, "--encoder", model_folder, "--backend", "onnx", "--device", "cuda"
    )
    assert done.code == 2 and "--backend torch" in done.err
    assert not library.exists()
