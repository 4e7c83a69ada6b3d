"""Export the towers of an open_clip model to ONNX, in a form that runs fast.

What is computed is the same; how it is written down is not:

- Normalising pixels is part of the graph, so that a batch goes in as bytes.
- Attention becomes one operator of ONNX Runtime, ``MultiHeadAttention``, instead of some
  forty that a trace leaves.
- Where a vision transformer's vector is that of its class token, its last block computes
  that token alone. Keys and values need all of them, the rest does not: one of fifty, for
  ViT-B-32, which saves a fourteenth of all operations.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.encoders.runtime.backend import Model
from engine.encoders.runtime.onnx_session import export_module

_exporting = Lock()
"""Lock around the switches that ``_plainly`` turns for the whole process."""


def export_pictures(model: Model, out: Path) -> None:
    """Write the picture tower at ``out``.

    It takes ``pixels`` uint8 (n, height, width, 3) to ``vectors`` (n, dim), L2-normalised.
    """
    sample = torch.zeros((2, *model.size, 3), dtype=torch.uint8)
    _export(_Pictures(model), sample, "pixels", out)


def export_texts(model: Model, out: Path) -> None:
    """Write the text tower at ``out``.

    It takes ``tokens`` int64 (n, context length) to ``vectors`` (n, dim), L2-normalised.
    """
    sample = torch.from_numpy(model.tokens[:2].copy())
    _export(_Texts(model), sample, "tokens", out)


def _export(tower: nn.Module, sample: Tensor, name: str, out: Path) -> None:
    with _plainly():
        export_module(
            tower.eval(), (sample,), out, inputs={name: {0: "n"}}, outputs={"vectors": {0: "n"}}
        )


@contextmanager
def _plainly() -> Iterator[None]:
    """Export without PyTorch's own fused attention, and without the graph on stdout.

    Fused attention is an operator that ONNX does not know; the graph is printed where it cannot be
    exported.
    """
    internals: Any = torch._C
    with _exporting:
        fast, log = torch.backends.mha.get_fastpath_enabled(), internals._jit_onnx_log
        torch.backends.mha.set_fastpath_enabled(False)
        internals._jit_onnx_log = lambda *_: None
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
            internals._jit_onnx_log = log


class _Pictures(nn.Module):
    scale: Tensor
    shift: Tensor

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = _rewritten(model.module)
        _shorten(self.model.visual)
        mean, std = (torch.tensor(t).view(1, 3, 1, 1) for t in (model.mean, model.std))
        self.register_buffer("scale", 1 / (255 * std))
        self.register_buffer("shift", -mean / std)

    def forward(self, pixels: Tensor) -> Tensor:
        scaled = pixels.permute(0, 3, 1, 2).float() * self.scale + self.shift
        vectors: Tensor = self.model.encode_image(scaled, normalize=True)
        return vectors


class _Texts(nn.Module):
    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = _rewritten(model.module)

    def forward(self, tokens: Tensor) -> Tensor:
        vectors: Tensor = self.model.encode_text(tokens, normalize=True)
        return vectors


def _rewritten(module: nn.Module) -> Any:
    """Return a copy that shares all tensors, with attention that exports well."""
    tensors = {id(t): t for t in chain(module.parameters(), module.buffers())}
    copied = copy.deepcopy(module, tensors)
    for parent in list(copied.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.MultiheadAttention) and _plain(child):
                setattr(parent, name, _Attention(child))
    return copied


def _plain(attention: nn.MultiheadAttention) -> bool:
    return (
        attention.batch_first
        and attention.in_proj_weight is not None
        and attention.in_proj_bias is not None
        and attention.bias_k is None
        and not attention.add_zero_attn
    )


class _Attention(nn.Module):
    """``nn.MultiheadAttention`` as ONNX Runtime's operator, as open_clip calls it."""

    def __init__(self, attention: nn.MultiheadAttention) -> None:
        super().__init__()
        self.heads = attention.num_heads
        assert attention.in_proj_weight is not None
        weights = attention.in_proj_weight.detach().chunk(3)
        biases = attention.in_proj_bias.detach().chunk(3)
        self.q, self.k, self.v = (_linear(*both) for both in zip(weights, biases, strict=True))
        self.out = attention.out_proj

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        need_weights: bool = False,
        attn_mask: Tensor | None = None,
    ) -> tuple[Tensor, None]:
        assert not need_weights
        bias = None if attn_mask is None else self._over_heads(attn_mask, query)
        mixed = _attend(self.q(query), self.k(key), self.v(value), bias, self.heads)
        return self.out(mixed), None

    def _over_heads(self, mask: Tensor, query: Tensor) -> Tensor:
        """Return a mask that is added, over (batch or 1, heads or 1, queries, keys)."""
        if mask.dim() == 2:
            return mask[None, None]
        return mask.view(query.shape[0], self.heads, *mask.shape[1:])


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    made = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    made.weight, made.bias = (nn.Parameter(t, requires_grad=False) for t in (weight, bias))
    return made


class _Fused(torch.autograd.Function):
    """Attention over heads (Vaswani et al. 2017), one node in the graph."""

    @staticmethod
    def forward(
        _: Any, query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, heads: int
    ) -> Tensor:
        shape = (*query.shape[:1], -1, heads, query.shape[2] // heads)
        q, k, v = (t.view(shape).transpose(1, 2) for t in (query, key, value))
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return mixed.transpose(1, 2).flatten(2)

    @staticmethod
    def symbolic(g: Any, query: Any, key: Any, value: Any, bias: Any, heads: int) -> Any:
        inputs = [query, key, value]
        if bias is not None:
            nothing = g.op("prim::Constant")  # bias of the products, mask of the keys
            nothing.setType(torch.OptionalType.ofTensor())
            inputs += [nothing, nothing, bias]
        node = g.op("com.microsoft::MultiHeadAttention", *inputs, num_heads_i=heads)
        return node.setType(query.type())


_attend: Any = _Fused.apply


def _shorten(visual: Any) -> None:
    """Let the last block of a vision transformer compute the class token alone.

    Only where that is all that is read of it.
    """
    from open_clip.transformer import ResidualAttentionBlock, VisionTransformer

    if type(visual) is not VisionTransformer or visual.attn_pool is not None:
        return
    if visual.pool_type != "tok" or visual.output_tokens or not visual.transformer.batch_first:
        return
    blocks = visual.transformer.resblocks
    if type(blocks[-1]) is ResidualAttentionBlock:
        blocks[-1] = _ClassToken(blocks[-1])


class _ClassToken(nn.Module):
    """A ``ResidualAttentionBlock`` of which only the first token is read."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor, attn_mask: Tensor | None = None) -> Tensor:
        block = self.block
        assert attn_mask is None
        normal = block.ln_1(x)
        mixed = block.attn(normal[:, :1], normal, normal, need_weights=False)[0]
        first = x[:, :1] + block.ls_1(mixed)
        out: Tensor = first + block.ls_2(block.mlp(block.ln_2(first)))
        return out
