"""The folders that a library was indexed from, remembered in its own folder.

The catalog knows files alone. Who may ask for a folder to be read anew, and may not read the
whole disk, is told by what was indexed before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.common.atomic_write import whole
from engine.store.catalog import Catalog
from engine.store.error_translation import translated
from engine.store.paths import outermost

FILE = "indexed.json"
_VERSION = 1


def index_roots(catalog: Catalog) -> list[str]:
    """Return the outermost folders that a library was indexed from, by their real paths.

    Of a library that an earlier version indexed they are the folders that have its files.
    """
    remembered = _read(catalog.path)
    if remembered is not None:
        return remembered
    return outermost(catalog.folders())


def add_roots(catalog: Catalog, paths: Iterable[str]) -> None:
    """Remember the folders among real paths, which are indexed now."""
    before = index_roots(catalog)
    after = outermost([*before, *(path for path in paths if os.path.isdir(path))])  # noqa: PTH112
    if after != _read(catalog.path):
        _write(catalog.path, after)


def drop_roots(catalog: Catalog, under: str) -> None:
    """Forget the folders at and below a path, of which the library is to know nothing more."""
    before = index_roots(catalog)
    kept = [root for root in before if root != under and not Path(root).is_relative_to(under)]
    if kept != before:
        _write(catalog.path, kept)


def _read(library: Path) -> list[str] | None:
    try:
        document = json.loads((library / FILE).read_text("utf-8"))
        return [str(root) for root in document["folders"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(library: Path, folders: Sequence[str]) -> None:
    document = {"version": _VERSION, "folders": list(folders)}
    with translated(library), whole(library / FILE) as temporary:
        temporary.write_text(json.dumps(document, indent=1), encoding="utf-8")
