"""Sensorium: find moments in pictures, videos and sounds by words.

from engine import Library

library = Library.open("~/media.library", create=True)
library.index(["~/Pictures"])
for hit in library.search("a dog on a beach").hits:
    print(hit.score, hit.path, hit.start)
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.library.facade import Library

__all__ = ["Library"]

# Whoever wants the log asks for it; what a user must know is said by the command.
logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    """Import the facade when it is asked for: a room alone should load alone."""
    if name == "Library":
        from engine.library.facade import Library

        return Library
    raise AttributeError(f"module 'engine' has no attribute {name!r}")
