"""List open_clip's pretrained tags, and its models on disk that came from a hub."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.encoders.offered import Offered
from engine.encoders.openclip import files
from engine.encoders.openclip.count import FILE as PARAMETERS
from engine.encoders.openclip.names import CONFIG, Repository, Source, Tagged
from engine.errors import EncoderUnavailable


def tagged() -> Iterator[Offered]:
    """Yield every tag of every model, in open_clip's order."""
    parameters: Mapping[str, int] = json.loads(PARAMETERS.read_text())
    for model, tag in files.open_clip().list_pretrained():
        yield _offered(Tagged(model, tag), "open_clip", parameters.get(model))


def from_hub() -> Iterator[Offered]:
    """Models in the hub's cache that have a config of their own."""
    from huggingface_hub import constants

    found = Path(constants.HF_HUB_CACHE).glob(f"models--*--*/snapshots/*/{CONFIG}")
    folders = sorted({path.parents[2].name for path in found})
    for folder in folders:
        repo = folder.removeprefix("models--").replace("--", "/", 1)
        yield _offered(Repository(repo), "hub", None)


def _offered(source: Source, origin: str, parameters: int | None) -> Offered:
    try:
        parts = files.config(source)
        size = _bytes(source)
    except EncoderUnavailable:  # a config that is none
        return Offered(source.name, origin, downloaded=False)
    return Offered(
        name=source.name,
        origin=origin,
        dim=parts.get("embed_dim"),
        image_size=_side(parts),
        parameters=parameters,
        bytes=size,
        downloaded=size is not None,
    )


def _bytes(source: Source) -> int | None:
    """Return the size of all that a source takes from a hub; None unless all of it is here."""
    total = 0
    for part in files.needed(source):
        path = part.find()
        if path is None:
            return None
        total += path.stat().st_size
    return total


def _side(parts: Mapping[str, Any]) -> int | None:
    size = parts.get("vision_cfg", {}).get("image_size", 224)  # open_clip's own default
    return max(size) if isinstance(size, list) else int(size)
