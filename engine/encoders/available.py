"""What encoders there are to choose from, and which of them are here already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.encoders import plugins, weights


@dataclass(frozen=True, slots=True)
class Offered:
    """An encoder that can be named, and what is known of it without asking a network."""

    name: str
    """What ``--encoder`` takes."""
    origin: str
    """``sensorium``, ``open_clip``, ``hub``, or the distribution that registers it."""
    dim: int | None = None
    image_size: int | None = None
    """The longer side of the pictures that its tower takes, in pixels."""
    parameters: int | None = None
    bytes: int | None = None
    """Of its weights on disk; None where they are not."""
    downloaded: bool | None = None
    """Whether all that it needs is on disk; None of a third party's, which only it knows."""


def offered() -> list[Offered]:
    """Every encoder with a name of its own: compact, those of third parties, the models on
    disk that came from a hub, and what open_clip knows by a tag. Imports open_clip."""
    from engine.encoders.openclip import available

    return [_compact(), *_plugins(), *available.from_hub(), *available.tagged()]


def _compact() -> Offered:
    from engine.encoders.compact.encoder import NAME, CompactEncoder
    from engine.encoders.compact.text import DIM

    files = [weights.MINILM, weights.MINILM_TOKENIZER, weights.EFFICIENTNET, weights.AISFX]
    found = [path for file in files if (path := file.find())]
    here = len(found) == len(files)
    size = sum(path.stat().st_size for path in found) if here else None
    return Offered(NAME, "sensorium", DIM, CompactEncoder.image_size, None, size, here)


def _plugins() -> Iterator[Offered]:
    return (Offered(plugin.name, plugin.distribution) for plugin in plugins.installed())
