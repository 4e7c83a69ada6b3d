"""Filters that let only some files pass."""

from __future__ import annotations

import glob
from collections.abc import Sequence

from engine.types import AnyOf, Condition, Filter


def only_paths(paths: Sequence[str]) -> Filter:
    """Return the filter of one file or of several."""
    conditions = tuple(Condition("path", "=", glob.escape(path)) for path in paths)
    return conditions[0] if len(conditions) == 1 else AnyOf(conditions)
