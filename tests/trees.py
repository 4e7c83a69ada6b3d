"""Modules of ours as trees, which are parsed once for all tests of a process."""

from __future__ import annotations

import ast
import gc
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@cache
def trees() -> dict[Path, ast.Module]:
    """Return the tree of each module, by its path below the root.

    What was parsed stays, and looking for garbage in it again and again takes longer than to parse.
    """
    rooms = ("sensorium", "engine", "indexers")
    paths = sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))
    gc.disable()
    try:
        return {path.relative_to(ROOT): ast.parse(path.read_text()) for path in paths}
    finally:
        gc.freeze()
        gc.enable()
