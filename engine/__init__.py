"""Sensorium: find moments in pictures, videos and sounds by words.

from engine import Library

library = Library.open("~/media.library", create=True)
library.index(["~/Pictures"])
for hit in library.search("a dog on a beach").hits:
    print(hit.score, hit.path, hit.start)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.library import Library

__all__ = ["Library"]


def __getattr__(name: str) -> object:
    """Import the facade when it is asked for: a room alone should load alone."""
    if name == "Library":
        from engine.library import Library

        return Library
    raise AttributeError(f"module 'engine' has no attribute {name!r}")
