"""CLIP models of open_clip's own shapes with random weights, where no hub is at hand.

What a tower takes does not depend on what its numbers are; only their shapes count, and
that none is so small that the processor slows down on it. The seed makes them the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_WEIGHTS = "open_clip_model.safetensors"
_CONFIG = "open_clip_config.json"


def random_clip(work: Path, model: str) -> Path:
    """The folder of ``model`` (``ViT-B-32``) with random weights; made once below ``work``."""
    folder = (work / f"{model}-random").resolve()
    if not (folder / _CONFIG).exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, model)
    return folder


def weights_of(folder: Path) -> Path:
    """The file of the weights in such a folder."""
    return folder / _WEIGHTS


def load_random(folder: Path) -> Any:
    """open_clip's own model out of such a folder, for evaluation, in float32."""
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import open_clip

    model = open_clip.create_model(f"local-dir:{folder}", weights_only=True)
    return model.eval()


def _write(folder: Path, name: str) -> None:
    from engine.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(7)
    model = open_clip.create_model(name)
    preprocess = open_clip.get_model_preprocess_cfg(model)
    settings = {key: preprocess[key] for key in ("mean", "std", "interpolation", "resize_mode")}
    config = {"model_cfg": open_clip.get_model_config(name), "preprocess_cfg": settings}
    tensors = {key: tensor.contiguous() for key, tensor in model.state_dict().items()}
    save_file(tensors, folder / _WEIGHTS)
    # Last, because it is what says that the folder is complete.
    (folder / _CONFIG).write_text(json.dumps(config))
