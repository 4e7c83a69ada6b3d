"""The library on disk: its catalog, its segments of vectors, its lock, and one commit point.

A ``Store`` opens a library and reads it; its ``writer`` makes every change, each in one
transaction. ``sql`` has the tables and what is asked of them, ``fulltext`` the words,
``write`` the parts of the writer. docs/files.md lists the modules.

Importing this package costs neither SQLAlchemy nor pyarrow: a search from a cold
start reads the catalog with the driver alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.store.address import normalised as catalog_url
from engine.store.fulltext.documents import match_any, tokens
from engine.store.records import (
    Addition,
    Background,
    KnownAsset,
    LibraryStats,
    MissingAsset,
    ReadAsset,
    SegmentInfo,
    SpaceInfo,
    SpaceRole,
)
from engine.store.store import Store

if TYPE_CHECKING:
    from engine.store.write.writer import Writer

__all__ = [
    "Addition",
    "Background",
    "KnownAsset",
    "LibraryStats",
    "MissingAsset",
    "ReadAsset",
    "SegmentInfo",
    "SpaceInfo",
    "SpaceRole",
    "Store",
    "Writer",
    "catalog_url",
    "match_any",
    "tokens",
]


def __getattr__(name: str) -> object:
    if name == "Writer":
        from engine.store.write.writer import Writer

        return Writer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
