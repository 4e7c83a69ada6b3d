"""List the encoders that there are to choose from, and which of them are on disk."""

from __future__ import annotations

from collections.abc import Iterator

from engine.encoders import plugins
from engine.encoders.offered import Offered
from engine.encoders.weight_files import AISFX, EFFICIENTNET, MINILM, MINILM_TOKENIZER


def offered() -> list[Offered]:
    """List every encoder that has a name of its own. Imports open_clip.

    They are compact, those of third parties, the models on disk that came from a hub, and
    what open_clip knows by a tag.
    """
    from engine.encoders.openclip import available

    return [_compact(), *_plugins(), *available.from_hub(), *available.tagged()]


def _compact() -> Offered:
    from engine.encoders.compact.encoder import NAME, CompactEncoder
    from engine.encoders.compact.text import DIM

    files = [MINILM, MINILM_TOKENIZER, EFFICIENTNET, AISFX]
    found = [path for file in files if (path := file.find())]
    here = len(found) == len(files)
    size = sum(path.stat().st_size for path in found) if here else None
    return Offered(NAME, "sensorium", DIM, CompactEncoder.image_size, None, size, here)


def _plugins() -> Iterator[Offered]:
    return (Offered(plugin.name, plugin.distribution) for plugin in plugins.installed())
