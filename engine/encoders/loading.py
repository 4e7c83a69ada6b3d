"""What loaders of models share: a revision for what was loaded, a reason for what was not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def revision(model: Any, settings: Mapping[str, Any]) -> str:
    """A hash of every tensor of a PyTorch model, and of the settings that decide what goes
    into them, as JSON holds them."""
    import torch

    digest = hashlib.blake2b(digest_size=8)
    digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def reason(error: Exception) -> str:
    """The first sentence of an error, on one line; its kind where it says nothing."""
    return " ".join(str(error).split()).partition(". ")[0] or type(error).__name__
