"""List the encoders that there are to choose from, and which of them are on disk."""

from __future__ import annotations

from collections.abc import Iterator

from engine.common.package_weights import WeightFile
from engine.encoders import plugins
from engine.encoders.offered import Offered
from engine.encoders.registry import COMPACT, MULTILINGUAL
from engine.encoders.weight_files import AISFX, E5_SMALL, EFFICIENTNET, MINILM, MINILM_TOKENIZER


def offered() -> list[Offered]:
    """List every encoder that has a name of its own, without importing any.

    They are the embedded ones, those of third parties, the models on disk that came from a hub,
    those of hubs that are recommended, and what open_clip knows by a tag.
    """
    from engine.encoders.openclip import available
    from engine.encoders.recommended import recommended

    found = [*_embedded(), *_plugins(), *available.from_hub(), *recommended()]
    return [*found, *available.tagged()]


def _embedded() -> Iterator[Offered]:
    """Yield the encoders whose weights come with packages, the better one first."""
    from engine.encoders.compact.text import DIM

    for name, texts in ((MULTILINGUAL, [E5_SMALL]), (COMPACT, [MINILM, MINILM_TOKENIZER])):
        yield _of_packages(name, DIM, [*texts, EFFICIENTNET, AISFX])


def _of_packages(name: str, dim: int, files: list[WeightFile]) -> Offered:
    from engine.encoders.compact.pictures import CompactPictures

    found = [path for file in files if (path := file.find())]
    here = len(found) == len(files)
    size = sum(path.stat().st_size for path in found) if here else None
    return Offered(name, "sensorium", dim, CompactPictures.resized_side, None, size, here)


def _plugins() -> Iterator[Offered]:
    return (Offered(plugin.name, plugin.distribution) for plugin in plugins.installed())
