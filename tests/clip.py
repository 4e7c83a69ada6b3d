"""A small CLIP with random weights, in a folder as open_clip writes it."""

from __future__ import annotations

import json
from pathlib import Path

MODEL = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 48, "layers": 2, "width": 64, "patch_size": 16, "head_width": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
PREPROCESS = {
    "mean": [0.48, 0.46, 0.41],
    "std": [0.27, 0.26, 0.28],
    "interpolation": "bicubic",
    "resize_mode": "shortest",
}


def write_model(folder: Path) -> Path:
    """Config and weights, random but always the same."""
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import torch
    from open_clip.model import CLIP
    from safetensors.torch import save_file

    torch.manual_seed(7)
    save_file(CLIP(**MODEL).state_dict(), folder / "open_clip_model.safetensors")
    config = {"model_cfg": MODEL, "preprocess_cfg": PREPROCESS}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    return folder
