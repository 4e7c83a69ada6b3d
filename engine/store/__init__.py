"""The library's own files: the catalog, the segments, the lock, and one commit point.

    store.py       Store: create, open, read; hands out the one Writer
    catalog.py     what a Store reads from the catalog
    writer.py      Writer: every change, each one transaction; made of transaction.py,
                   spaces.py and repair.py
    batch.py       a batch of assets as rows and vectors, checked before anything is written
    segments.py    immutable Parquet files of vectors
    thumbnails.py  small pictures that have been shown, kept by content
    mend.py        orphans and lost segments, found at open
    lock.py        one writer at a time, by name
    schema.py      the tables (SQLAlchemy Core); migrations/ leads to them
    reads.py       the selects of a Store; sqlite_reads.py and postgres_reads.py are
                   their texts
    database.py    what SQLite and PostgreSQL are to the rest, and which one it is
    sqlite.py      connections and pragmas of SQLite
    postgres.py    connections, settings and the lock of PostgreSQL
    address.py     catalog.json: where a catalog is that is not in the folder
    filters.py     filters as SQL
    globs.py       globs of paths as the databases match them
    words.py       full text: what of a moment goes in, and what is asked
    fts5.py        full text by SQLite
    tsearch.py     full text by PostgreSQL, with the scores of FTS5
    curated.py     what a Store reads of curation: runs, findings, journal, tags
    findings.py    the values that those are
    journal.py     what a Writer writes of them
    rows.py        the values that a Store returns, and their columns
    paths.py       file names as text, whatever their bytes
    faults.py      errors of the databases and the system, translated
    failpoints.py  places where a test stops a commit

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
