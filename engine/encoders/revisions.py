"""Revisions of spaces: short hashes of all that decides what vector an input gets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def revision_of(**parts: object) -> str:
    """Return a hash of all that vectors depend on: where a part differs, so does the hash.

    Args:
        parts: strings and numbers, or tuples of them. Weights are named by the hash
            at which they are pinned, which is known without reading them; code by a
            number that whoever changes what it computes counts up.
    """
    return hashlib.blake2b(repr(sorted(parts.items())).encode(), digest_size=8).hexdigest()


def model_revision(model: Any, settings: Mapping[str, Any]) -> str:
    """Return a hash of every tensor of a PyTorch model and of the settings of its inputs.

    Args:
        model: a ``torch.nn.Module`` on the CPU.
        settings: what decides what goes into the tensors, hashed as JSON holds it.
    """
    import torch

    digest = hashlib.blake2b(digest_size=8)
    digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
