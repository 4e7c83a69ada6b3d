"""Server-sent events, as streams of answers write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.common.json_text import parseable

ALIVE = ": goes on\n\n"
"""A line that says nothing, which keeps a stream open."""


def event(data: Mapping[str, Any], name: str = "") -> str:
    """Return one event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(parseable(data), ensure_ascii=False)}\n\n"
