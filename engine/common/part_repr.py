"""Show the parts of a library at a prompt."""

from __future__ import annotations

from pathlib import Path


def part_repr(part: object, library: Path) -> str:
    """Return a part with the names of its calls: who explores by typing sees what there is."""
    calls = (name for name in dir(type(part)) if not name.startswith("_"))
    return f"<{type(part).__name__} of {library}: {', '.join(calls)}>"
