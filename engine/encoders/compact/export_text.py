"""Export all-MiniLM-L6-v2 to ONNX: BERT, mean pooling and normalisation in one graph.

PyTorch's own post-norm encoder layer is BERT's layer, so the checkpoint's
tensors only change their names; no model library is needed to rebuild it.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

_LAYERS, _DIM, _HEADS, _HIDDEN, _EPS = 6, 384, 12, 1536, 1e-12


class _SentenceEncoder(nn.Module):
    """Token ids and mask, both (n, length) int64, to sentence vectors (n, 384)."""

    def __init__(self, vocabulary: int, positions: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, _DIM)
        self.positions = nn.Embedding(positions, _DIM)
        self.types = nn.Embedding(2, _DIM)
        self.norm = nn.LayerNorm(_DIM, eps=_EPS)
        self.layers = nn.ModuleList(BertLayer(_DIM, _HEADS, _HIDDEN, _EPS) for _ in range(_LAYERS))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1])
        hidden = self.norm(self.words(ids) + self.positions(places) + self.types.weight[0])
        bias = (1.0 - mask[:, None, None, :].float()) * -1e9
        for layer in self.layers:
            hidden = layer(hidden, bias)
        return mean_of(hidden, mask)


def mean_of(hidden: Tensor, mask: Tensor) -> Tensor:
    """Return the unit mean (n, dim) of the vectors (n, length, dim) that the mask keeps."""
    kept = mask[:, :, None].float()
    pooled = (hidden * kept).sum(1) / kept.sum(1)
    return nn.functional.normalize(pooled, dim=-1)


class BertLayer(nn.Module):
    """BERT's post-norm layer, written out so that it exports to plain operators."""

    def __init__(self, dim: int, heads: int, inner: int, eps: float) -> None:
        super().__init__()
        self.heads, self.width = heads, dim // heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.norm1 = nn.LayerNorm(dim, eps=eps)
        self.up = nn.Linear(dim, inner)
        self.down = nn.Linear(inner, dim)
        self.norm2 = nn.LayerNorm(dim, eps=eps)

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        n, length, dim = hidden.shape
        heads = self.qkv(hidden).view(n, length, 3, self.heads, self.width)
        q, k, v = heads.permute(2, 0, 3, 1, 4).unbind(0)
        scores = q @ k.transpose(-1, -2) / self.width**0.5 + bias
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(n, length, dim)
        hidden = self.norm1(hidden + self.out(mixed))
        out: Tensor = self.norm2(hidden + self.down(nn.functional.gelu(self.up(hidden))))
        return out


def _renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the checkpoint's tensors under the names of ``_SentenceEncoder``."""
    new = {
        "words.weight": state["embeddings.word_embeddings.weight"],
        "positions.weight": state["embeddings.position_embeddings.weight"],
        "types.weight": state["embeddings.token_type_embeddings.weight"],
        "norm.weight": state["embeddings.LayerNorm.weight"],
        "norm.bias": state["embeddings.LayerNorm.bias"],
    }
    parts = {
        "out": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "norm2": "output.LayerNorm",
    }
    for i in range(_LAYERS):
        old = f"encoder.layer.{i}"
        for leaf in ("weight", "bias"):
            for ours, theirs in parts.items():
                new[f"layers.{i}.{ours}.{leaf}"] = state[f"{old}.{theirs}.{leaf}"]
            new[f"layers.{i}.qkv.{leaf}"] = torch.cat(
                [state[f"{old}.attention.self.{p}.{leaf}"] for p in ("query", "key", "value")]
            )
    return new


def export(weights: Path, out: Path) -> None:
    """Write the tower at ``out``. Inputs ``ids`` and ``mask``, output ``vectors``."""
    state = _renamed(load_file(weights))
    model = _SentenceEncoder(len(state["words.weight"]), len(state["positions.weight"]))
    model.load_state_dict(state)
    sample = torch.ones((2, 7), dtype=torch.int64)
    from engine.encoders.runtime.onnx_session import export_module

    export_module(
        model.eval(),
        (sample, sample),
        out,
        inputs={"ids": {0: "n", 1: "length"}, "mask": {0: "n", 1: "length"}},
        outputs={"vectors": {0: "n"}},
    )
