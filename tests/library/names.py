"""Names of the files that a search found."""

from __future__ import annotations

from pathlib import Path


def names(result) -> list[str]:
    return [Path(hit.path).name for hit in result.hits]
