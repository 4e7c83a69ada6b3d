"""Rows of the full text index, made again from assets and moments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, text, true

from engine.common.vectors import chunks
from engine.store.database import full_text
from engine.store.fulltext import documents
from engine.store.paths import from_text
from engine.store.sql import schema
from engine.store.sql.reads import among
from engine.store.write import statements

_assets, _moments = schema.assets, schema.moments

_FIRST_MOMENTS = (
    select(
        _moments.c.moment_id, _moments.c.asset_id, _moments.c.text, _moments.c.tags,
        _assets.c.caption, _assets.c.texts, _assets.c.path,
    )
    .join_from(_moments, _assets)
    .where(
        _moments.c.moment_id.in_(
            select(func.min(_moments.c.moment_id))
            .where(among(_moments.c.asset_id, "ids"))
            .group_by(_moments.c.asset_id)
        )
    )
)  # fmt: skip
_LACKS_WORDS = text(
    "SELECT EXISTS (SELECT 1 FROM moments) AND NOT EXISTS (SELECT 1 FROM moments_fts)"
)
_ROWS_PER_STATEMENT = 5_000


def reword(db: Connection, asset_ids: Iterable[int]) -> None:
    """Give the words of an asset, its name and its own tags, to its first moment again."""
    for ids in chunks(list(asset_ids), _ROWS_PER_STATEMENT):
        tags = statements.tags_of(db, ids)
        rows = []
        for row in db.execute(_FIRST_MOMENTS, {"ids": json.dumps(ids)}):
            name = documents.name_words(from_text(row.path))
            written = documents.written(row.caption, row.texts)
            of_asset = documents.OfAsset(written, name, tags.get(row.asset_id, ()))
            rows.append(documents.fields(row.moment_id, row.text, _words(row.tags), of_asset))
        full_text(db).drop(db, [int(str(row["moment_id"])) for row in rows])
        full_text(db).put(db, rows)


def fill_words(db: Connection) -> int:
    """Make the full text index again from the catalog; returns its rows."""
    full_text(db).create(db)
    return _put_texts(db, true())


def refill_words(db: Connection, asset_ids: Sequence[int]) -> int:
    """Make the rows of these assets' moments, which have none now; returns their number."""
    listed = among(_moments.c.asset_id, "ids")
    return _put_texts(db, listed, {"ids": json.dumps(list(asset_ids))})


def _put_texts(
    db: Connection, which: ColumnElement[bool], values: dict[str, Any] | None = None
) -> int:
    index, count = full_text(db), 0
    for texts in _all_texts(db, which, values or {}):
        index.put(db, texts)
        count += len(texts)
    return count


def lacks_words(db: Connection) -> bool:
    """Tell whether the full text index is empty, though there are moments."""
    return bool(db.scalar(_LACKS_WORDS))


def _all_texts(
    db: Connection, which: ColumnElement[bool], values: dict[str, Any]
) -> Iterator[list[dict[str, Any]]]:
    """Yield batches of full text rows for all moments of some assets, made from the catalog."""
    m = _moments.c
    a = _assets.c
    columns = select(m.moment_id, m.asset_id, m.text, m.tags, a.path, a.caption, a.texts)
    ordered = columns.join_from(_moments, _assets).order_by(m.asset_id, m.moment_id)
    previous = None
    # A driver that reads all rows before it gives the first would fill the memory.
    options = {"yield_per": _ROWS_PER_STATEMENT}
    found = db.execute(ordered.where(which), values, execution_options=options)
    for part in found.partitions():
        texts, tags = [], statements.tags_of(db, {row.asset_id for row in part})
        for row in part:
            of_asset = documents.OfAsset()
            if row.asset_id != previous:
                name = documents.name_words(from_text(row.path))
                written = documents.written(row.caption, row.texts)
                of_asset = documents.OfAsset(written, name, tags.get(row.asset_id, ()))
            previous = row.asset_id
            texts.append(documents.fields(row.moment_id, row.text, _words(row.tags), of_asset))
        yield texts


def _words(tags: Iterable[tuple[str, float]] | None) -> Iterator[str]:
    return (word for word, _ in tags or ())
