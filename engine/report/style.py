"""The style sheet of reports, by day and by night, and the colours of groups in it."""

from __future__ import annotations

from pathlib import Path

STYLE = "\n" + (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
"""The style sheet, which stands in every page."""
COLOURS = 8
"""Number of colours of groups, ``--c0`` to ``--c7``."""


def colour(group: int | None) -> str:
    """Return the colour of a group, or of what is in no group."""
    return "var(--faint)" if group is None else f"var(--c{group % COLOURS})"
