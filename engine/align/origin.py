"""The line that says where a head of sounds comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.common import local_time


def origin(found: Mapping[str, Any]) -> str:
    """Return where a head comes from, in a line."""
    return (
        f"learned from {found['learned_from']} on {local_time.shown(found['created_at'])[:10]}:"
        f" {found['pairs']} pairs of {found['files']} files, {found['share']:.0%} of a sound's"
        f" vector ({found['command']})"
    )
