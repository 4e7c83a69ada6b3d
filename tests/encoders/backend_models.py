"""Small models with random weights, loaded as backends take them."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from types import SimpleNamespace
from typing import Any

from engine.encoders.runtime.backend import Model
from engine.encoders.runtime.choose import model_of

TEXT = {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
VISION = {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 16}
SHAPES: dict[str, dict[str, Any]] = {
    "vit": {"vision_cfg": VISION},
    "average": {"vision_cfg": {**VISION, "pool_type": "avg", "final_ln_after_pool": True}},
    "pooler": {
        "vision_cfg": {**VISION, "attentional_pool": True, "attn_pooler_heads": 2},
    },
    "scaled": {"vision_cfg": {**VISION, "ls_init_value": 0.1}, "quick_gelu": True},
    "resnet": {"vision_cfg": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 8}},
}


@cache
def _tokenizer() -> Any:
    """Make the tokenizer once: reading its merges takes longer than a whole model here."""
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer(context_length=TEXT["context_length"])


@cache
def _module(shape: str, text: str) -> Any:
    """Draw the weights of a shape; always the same."""
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import torch
    from open_clip.model import CLIP, CustomTextCLIP

    torch.manual_seed(3)
    more = json.loads(text)
    made = CustomTextCLIP if more else CLIP
    module = made(32, text_cfg={**TEXT, **more}, **SHAPES[shape]).eval()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
        if parameter.ndim == 1:  # else biases are 0 and scales 1, and could be mixed up
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return module


def loaded(shape: str = "vit", revision: str | None = None, text: Any = None) -> SimpleNamespace:
    """What ``choose.backend`` takes; a copy of the same weights for a shape."""
    import torch

    return SimpleNamespace(
        model=deepcopy(_module(shape, json.dumps(text or {}))),
        tokenize=_tokenizer(),
        mean=torch.tensor([0.48, 0.46, 0.41]).view(1, 3, 1, 1),
        std=torch.tensor([0.27, 0.26, 0.28]).view(1, 3, 1, 1),
        revision=revision or f"test-{shape}",
    )


def model(shape: str = "vit", **more: Any) -> Model:
    """The same, as backends have it."""
    return model_of(loaded(shape, **more))
