"""Filters that let only some files pass."""

from __future__ import annotations

from collections.abc import Sequence

from engine.types import AnyOf, Condition, Filter

_WILD = frozenset("*?[")


def path_glob(path: str) -> str:
    """Return the glob that only one path matches."""
    return "".join(f"[{letter}]" if letter in _WILD else letter for letter in path)


def only_paths(paths: Sequence[str]) -> Filter:
    """Return the filter of one file or of several."""
    conditions = tuple(Condition("path", "=", path_glob(path)) for path in paths)
    return conditions[0] if len(conditions) == 1 else AnyOf(conditions)
