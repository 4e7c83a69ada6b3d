"""Read the tags of open_clip and its configs without importing it, which takes five seconds."""

from __future__ import annotations

import json
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TAGS = Path(__file__).with_name("tags.json")
"""Tags of the version that it names, which `count` writes."""


def kept_tags() -> list[tuple[str, str, str]] | None:
    """List model, tag and the address of the weights; None of another version of open_clip."""
    kept = json.loads(TAGS.read_text())
    with suppress(PackageNotFoundError):
        if version("open_clip_torch") == kept["version"]:
            return [(model, tag, address) for model, tag, address in kept["tags"]]
    return None


def packaged_config(model: str) -> dict[str, Any] | None:
    """Return open_clip's own config of a model, read from its package."""
    package = find_spec("open_clip")
    for place in (package and package.submodule_search_locations) or ():
        try:
            found = json.loads((Path(place) / "model_configs" / f"{model}.json").read_text())
        except (OSError, ValueError):
            continue
        if isinstance(found, dict) and {"embed_dim", "text_cfg", "vision_cfg"} <= found.keys():
            return found
    return None
