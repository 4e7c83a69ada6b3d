"""Export multilingual-e5-small to ONNX, from the vectors of its words on.

The table of words stays outside of the graph: a text needs some ten rows of 250,000.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from engine.encoders.compact.e5_file import DIM, EPS, HEADS, HIDDEN, LAYERS, E5File
from engine.encoders.compact.export_text import BertLayer, mean_of

_POSITIONS = 512


class _SentenceEncoder(nn.Module):
    """Word vectors (n, length, 384) and mask (n, length) to sentence vectors (n, 384)."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(_POSITIONS, DIM))
        self.norm = nn.LayerNorm(DIM, eps=EPS)
        self.layers = nn.ModuleList(BertLayer(DIM, HEADS, HIDDEN, EPS) for _ in range(LAYERS))

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        hidden = self.norm(words + self.positions[: words.shape[1]])
        bias = (1.0 - mask[:, None, None, :].float()) * -1e9
        for layer in self.layers:
            hidden = layer(hidden, bias)
        return mean_of(hidden, mask)


def _state(file: E5File) -> dict[str, Tensor]:
    """Return the file's tensors under the names of ``_SentenceEncoder``."""

    def read(name: str, *shape: int) -> Tensor:
        return torch.from_numpy(file.tensor(name, *shape).copy())

    # Every token is of the first type, whose vector is added to that of its place.
    state = {
        "positions": read("emb.pos", -1, DIM) + read("emb.type", -1, DIM)[0],
        "norm.weight": read("emb.ln.w", DIM),
        "norm.bias": read("emb.ln.b", DIM),
    }
    for i in range(LAYERS):
        for ours, theirs, shape in (
            ("out", "ao", (DIM, DIM)),
            ("up", "fi", (HIDDEN, DIM)),
            ("down", "fo", (DIM, HIDDEN)),
        ):
            state[f"layers.{i}.{ours}.weight"] = read(f"l{i}.{theirs}.w", *shape)
            state[f"layers.{i}.{ours}.bias"] = read(f"l{i}.{theirs}.b", shape[0])
        for ours, theirs in (("norm1", "aln"), ("norm2", "oln")):
            state[f"layers.{i}.{ours}.weight"] = read(f"l{i}.{theirs}.w", DIM)
            state[f"layers.{i}.{ours}.bias"] = read(f"l{i}.{theirs}.b", DIM)
        state[f"layers.{i}.qkv.weight"] = torch.cat(
            [read(f"l{i}.{part}.w", DIM, DIM) for part in "qkv"]
        )
        state[f"layers.{i}.qkv.bias"] = torch.cat([read(f"l{i}.{part}.b", DIM) for part in "qkv"])
    return state


def export(weights: Path, out: Path) -> None:
    """Write the tower at ``out``. Inputs ``words`` and ``mask``, output ``vectors``."""
    from engine.encoders.runtime.onnx_session import export_module

    model = _SentenceEncoder()
    model.load_state_dict(_state(E5File(weights)))
    export_module(
        model.eval(),
        (torch.zeros((2, 7, DIM)), torch.ones((2, 7), dtype=torch.int64)),
        out,
        inputs={"words": {0: "n", 1: "length"}, "mask": {0: "n", 1: "length"}},
        outputs={"vectors": {0: "n"}},
    )
