"""Full text search by SQLite: FTS5, which only this module knows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidQuery
from engine.store.fulltext.documents import TABLE, WEIGHTS

if TYPE_CHECKING:
    from sqlalchemy import Connection

CREATE = (
    f"CREATE VIRTUAL TABLE {TABLE}"
    " USING fts5(text, tags, caption, name, tokenize = 'porter unicode61')"
)
_DROP = f"DROP TABLE IF EXISTS {TABLE}"
_INSERT = (
    "INSERT INTO moments_fts (rowid, text, tags, caption, name)"
    " VALUES (:moment_id, :text, :tags, :caption, :name)"
)
_DELETE = "DELETE FROM moments_fts WHERE rowid IN (SELECT value FROM json_each(:ids))"
_COUNT = "SELECT count(*) FROM moments_fts"
# The function and not the hidden column "rank", which takes twice as long here.
_SEARCH = (
    "SELECT rowid, -bm25(moments_fts, :text, :tags, :caption, :name) AS score FROM moments_fts"
    " WHERE moments_fts MATCH :match"
    " ORDER BY score DESC, rowid LIMIT :limit"
)
_SEARCH_KINDS = (
    "SELECT f.rowid, -bm25(moments_fts, :text, :tags, :caption, :name) AS score"
    " FROM moments_fts f JOIN moments m ON m.moment_id = f.rowid"
    " WHERE moments_fts MATCH :match AND m.kind IN (SELECT value FROM json_each(:kinds))"
    " ORDER BY score DESC, f.rowid LIMIT :limit"
)

_MATCHING = (
    "SELECT count(*), 0 FROM (SELECT 1 FROM moments_fts WHERE moments_fts MATCH :match LIMIT :most)"
)
_WRITTEN = "SELECT rowid, 0 FROM moments_fts WHERE moments_fts MATCH :match LIMIT :most"


class Fts5:
    """The index as the writer's transaction sees it."""

    def create(self, db: Connection) -> None:
        db.exec_driver_sql(_DROP)
        db.exec_driver_sql(CREATE)

    def put(self, db: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            db.exec_driver_sql(_INSERT, [dict(row) for row in rows])

    def drop(self, db: Connection, moment_ids: Iterable[int]) -> None:
        db.exec_driver_sql(_DELETE, {"ids": json.dumps(list(moment_ids))})


def search(
    connection: sqlite3.Connection, match: str, kinds: Sequence[str], limit: int
) -> list[tuple[int, float]]:
    """Return moments whose words match, best first; ``match`` is any expression of FTS5."""
    if not kinds:
        return _ask(connection, _SEARCH, match, {"limit": limit})
    values = {"kinds": json.dumps(list(kinds)), "limit": limit}
    return _ask(connection, _SEARCH_KINDS, match, values)


def matching(connection: sqlite3.Connection, match: str, most: int) -> int:
    """Count the moments whose words match, up to ``most``."""
    return _ask(connection, _MATCHING, match, {"most": most})[0][0]


def written(connection: sqlite3.Connection, match: str, most: int) -> list[int]:
    """Return moments whose files' captions and texts match, up to ``most``, in no order."""
    return [i for i, _ in _ask(connection, _WRITTEN, f"caption : ({match})", {"most": most})]


def _ask(
    connection: sqlite3.Connection, text: str, match: str, values: Mapping[str, object]
) -> list[tuple[int, float]]:
    try:
        return connection.execute(text, {"match": match, **values, **WEIGHTS}).fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR and "no such table" not in str(error):
            raise InvalidQuery(f"{match!r} is no full text expression: {error}") from error
        raise


def count(connection: sqlite3.Connection) -> int:
    """Count the rows of the index; 0 where it is missing."""
    try:
        return int(connection.execute(_COUNT).fetchone()[0])
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return 0
        raise
