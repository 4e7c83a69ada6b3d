"""Exports have PyTorch's vectors, and one that has not is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from engine.encoders.runtime import machine, onnx_backend, probes, verify
from engine.encoders.runtime.backend import Refused
from engine.encoders.runtime.onnx_backend import OnnxPictures, OnnxPicturesInt8, OnnxTexts
from engine.encoders.runtime.torch_cpu import TorchCpu
from engine.encoders.runtime.verify import BackendVerdict
from tests.encoders.backend_models import SHAPES, model


@pytest.fixture
def own_cache(settings, tmp_path):
    return replace(settings, cache=tmp_path)


@pytest.mark.parametrize("shape", SHAPES)
def test_pictures_of_every_shape_get_pytorchs_vectors(shape, own_cache):
    of = model(shape)
    exact = TorchCpu(of, own_cache).encode_image
    tower = OnnxPictures(of, own_cache, exact)
    seen = np.random.default_rng(1).integers(0, 256, (11, *of.size, 3), np.uint8)
    np.testing.assert_allclose(tower(seen), exact(seen), atol=2e-5)
    assert tower(seen).dtype == np.float32
    assert tower.verdict.cosine > 0.9999


@pytest.mark.parametrize(
    "text",
    [{}, {"no_causal_mask": True}, {"embed_cls": True, "pad_id": 0}, {"pool_type": "last"}],
    ids=str,
)
def test_texts_of_every_mask_get_pytorchs_vectors(text, own_cache):
    of = model(text=text)
    exact = TorchCpu(of, own_cache).encode_text
    tower = OnnxTexts(of, own_cache, exact)
    tokens = np.concatenate([of.tokens[::-1], of.tokens])
    np.testing.assert_allclose(tower(tokens), exact(tokens), atol=2e-5)


def test_the_last_block_computes_the_class_token_alone(own_cache):
    """One block of two has 1 token of 17, and the graph says so."""
    import onnx as graphs

    of = model()
    tower = OnnxPictures(of, own_cache, TorchCpu(of, own_cache).encode_image)
    graph = graphs.load(tower._exported.folder / "model.onnx", load_external_data=False).graph
    attention = [n for n in graph.node if n.op_type == "MultiHeadAttention"]
    assert len(attention) == 2
    first, last = (next(n for n in graph.node if a.input[0] in n.output).op_type for a in attention)
    assert {first, last} <= {"Add", "Gemm", "MatMul"}
    assert any(n.op_type == "Slice" for n in graph.node)


def test_int8_is_near_and_finds_the_same_twins(own_cache):
    of = model()
    exact = TorchCpu(of, own_cache).encode_image
    tower = OnnxPicturesInt8(of, own_cache, exact)
    assert 0.99 <= tower.verdict.cosine < 1
    assert abs(tower.verdict.recall - tower.verdict.recall_torch) <= 0.01
    seen = probes.pictures(of.size, 6)
    assert not np.allclose(tower(seen), exact(seen), atol=1e-6), "these are float32's vectors"
    assert verify.least_cosine(tower(seen), exact(seen)) >= 0.99
    size = sum(f.stat().st_size for f in tower._exported.folder.iterdir())
    whole = OnnxPictures(of, own_cache, exact)._exported.folder
    assert size < sum(f.stat().st_size for f in whole.iterdir()) / 2


def test_weights_keep_to_seven_bits_where_sums_overflow(own_cache, monkeypatch):
    of = model()
    exact = TorchCpu(of, own_cache).encode_image
    monkeypatch.setattr(machine, "exact_products", lambda: False)
    tower = OnnxPicturesInt8(of, own_cache, exact)
    assert tower._exported.folder.name == "pictures-int7"
    import onnx as graphs
    from onnx import numpy_helper

    graph = graphs.load(tower._exported.folder / "model.onnx").graph
    weights = [numpy_helper.to_array(t) for t in graph.initializer]
    least = [int(w.min()) for w in weights if w.dtype == np.int8 and w.ndim == 2]
    assert least and min(least) >= -64


class _Wrong(OnnxPictures):
    """An exporter that forgets to scale."""

    def _export(self, out):
        wrong = replace(self._model, std=(0.9, 0.01, 0.3), mean=(0.1, 0.9, 0.3))
        replaced, self._model = self._model, wrong
        super()._export(out)
        self._model = replaced


def test_other_vectors_are_refused_and_stay_refused(own_cache):
    of = model()
    exact = TorchCpu(of, own_cache).encode_image
    with pytest.raises(Refused, match="its cosine with PyTorch is"):
        _Wrong(of, own_cache, exact)
    kept = [path.name for path in (own_cache.cache / onnx_backend.FOLDER).rglob("*")]
    assert kept == [f"{of.revision}-r1", "pictures.json"], "what is refused takes no room"

    def unasked(_):
        raise AssertionError("the verdict is known")

    with pytest.raises(Refused, match="its cosine"):
        _Wrong(of, own_cache, unasked)


def test_a_verdict_that_is_damaged_is_found_anew(own_cache):
    of = model()
    exact = TorchCpu(of, own_cache).encode_image
    OnnxPictures(of, own_cache, exact)
    (page,) = (own_cache.cache / onnx_backend.FOLDER).rglob("pictures.json")
    page.write_text('{"cosine": ')
    assert OnnxPictures(of, own_cache, exact).verdict.cosine > 0.999
    assert json.loads(page.read_text())["cosine"] > 0.999


def test_what_cannot_be_exported_is_refused_without_noise(own_cache, capfd):
    import torch

    of = model()

    class Odd(torch.nn.Module):
        def forward(self, x):
            return torch.special.bessel_j0(x)

    of.module.visual.ln_post = Odd()
    with pytest.raises(Refused, match="it cannot be exported") as caught:
        OnnxPictures(of, own_cache, TorchCpu(of, own_cache).encode_image)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("verdict", "least", "refused"),
    [
        (BackendVerdict(0.9991), 0.999, None),
        (BackendVerdict(0.9989), 0.999, "cosine"),
        (BackendVerdict(float("nan")), 0.999, "cosine"),
        (BackendVerdict(0.995, 0.96, 0.97), 0.99, None),
        (BackendVerdict(0.995, 0.955, 0.97), 0.99, "recall"),
        (BackendVerdict(0.995, 0.99, 0.97), 0.99, None),
    ],
)
def test_what_is_required(verdict, least, refused):
    if refused is None:
        verdict.require(least)
    else:
        with pytest.raises(Refused, match=refused):
            verdict.require(least)


def test_recall_counts_twins():
    vectors = np.eye(4, 8, dtype=np.float32)
    both = np.concatenate([vectors, vectors])
    assert verify.twin_recall(both) == 1
    both[[4, 5]] = both[[5, 4]]
    assert verify.twin_recall(both) == 0.5


def test_probes_are_the_same_everywhere_and_twins_alike():
    pictures = probes.pictures((24, 32), 5)
    assert pictures.shape == (10, 24, 32, 3) and pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures, probes.pictures((24, 32), 5))
    flat = pictures.reshape(10, -1).astype(float)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    scores = flat[:5] @ flat[5:].T
    assert (scores.argmax(axis=1) == np.arange(5)).all()
