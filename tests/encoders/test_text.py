"""The text tower: all-MiniLM-L6-v2 rebuilt from its tensors."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from engine.encoders.compact.text import MiniLM
from engine.encoders.weight_files import MINILM


@pytest.fixture(scope="module")
def tower(settings):
    return MiniLM(settings)


def test_vectors_are_unit_and_384_wide(tower):
    vectors = tower.embed(["a dog", "", "x" * 5000])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_nothing_in_nothing_out(tower):
    assert tower.embed([]).shape == (0, 384)


def test_meaning_is_near(tower):
    dog, puppy, stocks = tower.embed(["a dog", "a photo of a puppy", "the stock market fell"])
    assert dog @ puppy > 0.5 > 0.2 > dog @ stocks


def test_a_text_gets_the_same_vector_in_any_batch(tower):
    texts = [f"{'very ' * (i % 9)}long text number {i}" for i in range(70)]
    together = tower.embed(texts)
    alone = np.concatenate([tower.embed([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=2e-5)


def test_the_export_runs_what_pytorch_runs(tower):
    """Attention through PyTorch's own layer, from the same tensors, in the same model."""
    import torch
    from safetensors.torch import load_file
    from torch import nn

    state = load_file(MINILM.locate())
    ids = torch.tensor([tower._tokenizer.encode("a small test of the tower").ids])
    get = state.__getitem__
    hidden = get("embeddings.word_embeddings.weight")[ids]
    hidden = hidden + get("embeddings.position_embeddings.weight")[: ids.shape[1]]
    hidden = hidden + get("embeddings.token_type_embeddings.weight")[0]
    norm = [get(f"embeddings.LayerNorm.{leaf}") for leaf in ("weight", "bias")]
    hidden = nn.functional.layer_norm(hidden, (384,), *norm, eps=1e-12)
    for i in range(6):
        layer = nn.TransformerEncoderLayer(
            384, 12, 1536, activation="gelu", layer_norm_eps=1e-12, batch_first=True, dropout=0.0
        ).eval()
        layer.load_state_dict(_as_torch(state, f"encoder.layer.{i}"))
        with torch.inference_mode():
            hidden = layer(hidden)
    expected = nn.functional.normalize(hidden.mean(1), dim=-1).numpy()
    np.testing.assert_allclose(tower.embed(["a small test of the tower"]), expected, atol=1e-5)


def _as_torch(state, prefix):
    import torch

    def parts(*names):
        return {leaf: [state[f"{prefix}.{n}.{leaf}"] for n in names] for leaf in ("weight", "bias")}

    qkv = parts(*(f"attention.self.{p}" for p in ("query", "key", "value")))
    named = {f"self_attn.in_proj_{leaf}": torch.cat(t) for leaf, t in qkv.items()}
    for ours, theirs in {
        "self_attn.out_proj": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "linear1": "intermediate.dense",
        "linear2": "output.dense",
        "norm2": "output.LayerNorm",
    }.items():
        named |= {f"{ours}.{leaf}": t[0] for leaf, t in parts(theirs).items()}
    return named


def test_a_cached_tower_needs_no_torch(tower, settings):
    tower.embed(["build the cache"])
    code = (
        "import sys; from engine.config import Settings\n"
        "from engine.encoders.compact.text import MiniLM\n"
        "MiniLM(Settings.from_env()).embed(['a dog'])\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
