"""List open_clip's pretrained tags, and its models on disk that came from a hub."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.encoders.hub import Needed
from engine.encoders.offered import Offered
from engine.encoders.openclip import files
from engine.encoders.openclip.count import FILE as PARAMETERS
from engine.encoders.openclip.kept_tags import kept_tags, packaged_config
from engine.encoders.openclip.names import CONFIG, Repository, Tagged
from engine.errors import EncoderUnavailable


def tagged() -> Iterator[Offered]:
    """Yield every tag of every model, in open_clip's order."""
    parameters: Mapping[str, int] = json.loads(PARAMETERS.read_text())
    for model, tag, address in _tags():
        parts = packaged_config(model)
        size = None if parts is None else _bytes(files.needed_of_tag(address, parts["text_cfg"]))
        name = Tagged(model, tag).name
        yield _described(name, "open_clip", parts, size, parameters.get(model))


def _tags() -> list[tuple[str, str, str]]:
    """List model, tag and the address of the weights."""
    if (kept := kept_tags()) is not None:
        return kept
    listed = files.open_clip().list_pretrained()
    return [(m, tag, str(files.pretrained(m, tag)["hf_hub"])) for m, tag in listed]


def from_hub() -> Iterator[Offered]:
    """Models in the hub's cache that have a config of their own."""
    from huggingface_hub import constants

    found = Path(constants.HF_HUB_CACHE).glob(f"models--*--*/snapshots/*/{CONFIG}")
    folders = sorted({path.parents[2].name for path in found})
    for folder in folders:
        repo = folder.removeprefix("models--").replace("--", "/", 1)
        yield _of_hub(Repository(repo))


def _of_hub(source: Repository) -> Offered:
    try:
        parts = files.config(source)
        return _described(source.name, "hub", parts, _bytes(files.needed(source)), None)
    except EncoderUnavailable:  # a config that is none
        return _described(source.name, "hub", None, None, None)


def _described(
    name: str,
    origin: str,
    parts: Mapping[str, Any] | None,
    size: int | None,
    parameters: int | None,
) -> Offered:
    if parts is None:
        return Offered(name, origin, downloaded=False)
    return Offered(
        name=name,
        origin=origin,
        dim=parts.get("embed_dim"),
        image_size=_side(parts),
        parameters=parameters,
        bytes=size,
        downloaded=size is not None,
    )


def _bytes(parts: Iterable[Needed]) -> int | None:
    """Return the size of what is taken from a hub; None unless all of it is here."""
    total = 0
    for part in parts:
        path = part.find()
        if path is None:
            return None
        total += path.stat().st_size
    return total


def _side(parts: Mapping[str, Any]) -> int | None:
    size = parts.get("vision_cfg", {}).get("image_size", 224)  # open_clip's own default
    return max(size) if isinstance(size, list) else int(size)
