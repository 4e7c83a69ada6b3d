"""Statements on assets, moments, segments and failures, as functions of a connection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engine.common.vectors import chunks
from engine.store.database import full_text
from engine.store.paths import from_text
from engine.store.records import SegmentInfo
from engine.store.sql import schema
from engine.store.sql.reads import among
from engine.types.arrays import MomentIds

_assets, _moments, _segments = schema.assets, schema.moments, schema.segments
_tombstones, _failures = schema.tombstones, schema.failures

_IDS_AT = select(_assets.c.path, _assets.c.asset_id).where(among(_assets.c.path, "paths"))
_BURY = insert(_tombstones).from_select(
    ["moment_id", "generation"],
    # The row of the library is updated last, so this transaction's generation is the next.
    select(_moments.c.moment_id, select(schema.library.c.generation + 1).scalar_subquery()).where(
        among(_moments.c.asset_id, "ids"), _moments.c.vectors > 0
    ),
)
_HASHES = select(_assets.c.content_hash).where(among(_assets.c.content_hash, "hashes"))
_MOMENTS_OF = select(_moments.c.moment_id).where(among(_moments.c.asset_id, "ids"))
_DROP_MOMENTS = delete(_moments).where(among(_moments.c.asset_id, "ids"))
_DROP_ASSETS = delete(_assets).where(among(_assets.c.asset_id, "ids"))
_tags = schema.asset_tags
_DROP_TAGS = delete(_tags).where(among(_tags.c.asset_id, "ids"))
_TAGS_OF = (
    select(_tags.c.asset_id, _tags.c.word)
    .where(among(_tags.c.asset_id, "ids"))
    .order_by(_tags.c.asset_id, _tags.c.word)
)
_DROP_FAILURES = delete(_failures).where(among(_failures.c.path, "paths"))
_REPLACE = update(_assets).where(_assets.c.asset_id == bindparam("replaced"))
_PLACE = _REPLACE.values(
    path=bindparam("path"), size=bindparam("size"), mtime_ns=bindparam("mtime_ns")
)
_HELD_BY = (
    select(_assets.c.asset_id, _assets.c.path)
    .distinct()
    .join_from(_moments, _assets)
    .where(_moments.c.moment_id.between(bindparam("first"), bindparam("last")))
    .order_by(_assets.c.path)
)
_DROP_SEGMENTS = delete(_segments).where(among(_segments.c.segment_id, "ids"))
_DROP_TOMBSTONES = delete(_tombstones).where(among(_tombstones.c.moment_id, "ids"))
_ALIVE = select(_moments.c.moment_id).where(among(_moments.c.moment_id, "ids"))
_COUNT_VECTORS = (
    update(_moments)
    .where(among(_moments.c.moment_id, "ids"))
    .values(vectors=_moments.c.vectors + bindparam("more"))
)
_ROWS_PER_STATEMENT = 5_000


def ids_at(db: Connection, paths: Iterable[str]) -> dict[str, int]:
    """Return asset ids by path, of those paths (as the catalog stores them) that are known."""
    found = db.execute(_IDS_AT, {"paths": json.dumps(list(paths))})
    return {row.path: row.asset_id for row in found}


def known_hashes(db: Connection, hashes: Iterable[str]) -> set[str]:
    """Return those of these content hashes that an asset has."""
    return set(db.scalars(_HASHES, {"hashes": json.dumps(list(hashes))}))


def drop_moments(db: Connection, asset_ids: Iterable[int]) -> int:
    """Delete the moments of these assets and remember those that have vectors."""
    ids = {"ids": json.dumps(list(asset_ids))}
    full_text(db).drop(db, db.scalars(_MOMENTS_OF, ids))
    db.execute(_BURY, ids)
    return db.execute(_DROP_MOMENTS, ids).rowcount


def drop_assets(db: Connection, asset_ids: Sequence[int]) -> int:
    """Delete these assets with their moments; returns how many there were."""
    if not asset_ids:
        return 0
    drop_moments(db, asset_ids)
    db.execute(_DROP_TAGS, {"ids": json.dumps(list(asset_ids))})
    return db.execute(_DROP_ASSETS, {"ids": json.dumps(list(asset_ids))}).rowcount


def put_assets(db: Connection, new: list[dict[str, Any]], known: list[dict[str, Any]]) -> None:
    """Insert the new assets, and replace the known with all that hangs on them."""
    if known:
        drop_moments(db, [row["asset_id"] for row in known])
        db.execute(_REPLACE, [{**row, "replaced": row["asset_id"]} for row in known])
    if new:
        db.execute(insert(_assets), new)


def put_moments(db: Connection, moments: list[dict[str, Any]], texts: list[dict[str, Any]]) -> None:
    if moments:
        db.execute(insert(_moments), moments)
    full_text(db).put(db, texts)


def put_segments(db: Connection, infos: Sequence[tuple[SegmentInfo, int, int]]) -> None:
    """Register segments, each with its first and last moment."""
    if infos:
        db.execute(
            insert(_segments),
            [
                {
                    "segment_id": info.segment_id,
                    "space": info.space,
                    "file": info.file,
                    "rows": info.rows,
                    "bytes": info.bytes,
                    "checksum": info.checksum,
                    "first_moment": first,
                    "last_moment": last,
                }
                for info, first, last in infos
            ],
        )


def drop_segments(db: Connection, segment_ids: Sequence[int]) -> None:
    db.execute(_DROP_SEGMENTS, {"ids": json.dumps(list(segment_ids))})


def drop_tombstones(db: Connection, moment_ids: Sequence[int]) -> int:
    return db.execute(_DROP_TOMBSTONES, {"ids": json.dumps(list(moment_ids))}).rowcount


def place(db: Connection, rows: list[dict[str, Any]]) -> None:
    """Set path, size and mtime of assets, which may trade places among themselves."""
    # No path on disk is empty or relative, so these stand in nobody's way.
    parked = [{"replaced": row["replaced"], "path": str(row["replaced"])} for row in rows]
    db.execute(_REPLACE.values(path=bindparam("path")), parked)
    db.execute(_PLACE, rows)


def tags_of(db: Connection, asset_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Return the tags that these assets have themselves, those of their moments aside."""
    found: dict[int, tuple[str, ...]] = {}
    for asset_id, word in db.execute(_TAGS_OF, {"ids": json.dumps(list(asset_ids))}):
        found[asset_id] = (*found.get(asset_id, ()), word)
    return found


def drop_failures(db: Connection, paths: Iterable[str]) -> int:
    return db.execute(_DROP_FAILURES, {"paths": json.dumps(list(paths))}).rowcount


def put_failures(db: Connection, rows: list[dict[str, Any]]) -> None:
    drop_failures(db, [row["path"] for row in rows])
    db.execute(insert(_failures), rows)


def restat(db: Connection, row: dict[str, Any]) -> None:
    """Set size and mtime of one asset, at the path that it has."""
    db.execute(_PLACE, row)


def alive(db: Connection, moment_ids: Sequence[int]) -> Sequence[int]:
    """Return those of these moments that are in the catalog."""
    return db.scalars(_ALIVE, {"ids": json.dumps(list(moment_ids))}).all()


def count_vectors(db: Connection, ids: MomentIds, more: NDArray[np.int64]) -> None:
    """Note that moments (n,) have so many more vectors, (n,), than before."""
    for step in np.unique(more).tolist():
        of_step = ids[more == step].tolist()
        for part in chunks(of_step, _ROWS_PER_STATEMENT):
            db.execute(_COUNT_VECTORS, {"ids": json.dumps(part), "more": step})


def drop_missing_between(db: Connection, first: int, last: int) -> None:
    """Forget the missing assets with moments in a range, whose vectors were lost."""
    kept, gone = schema.missing_moments, schema.missing_assets
    between = select(kept.c.asset_id).where(kept.c.moment_id.between(first, last))
    ids = {"ids": json.dumps(list(db.scalars(between)))}
    db.execute(delete(kept).where(among(kept.c.asset_id, "ids")), ids)
    db.execute(delete(gone).where(among(gone.c.asset_id, "ids")), ids)


def lose_segment(db: Connection, segment_id: int) -> list[str] | None:
    """Forget a segment and send its assets back to ``pending``.

    All moments of such an asset go, those in other spaces too: it is indexed again
    as a whole. Returns the paths of the assets, None where there is no such segment.
    """
    row = db.execute(select(_segments).where(_segments.c.segment_id == segment_id)).one_or_none()
    if row is None:
        return None
    bounds = {"first": row.first_moment, "last": row.last_moment}
    lost = db.execute(_HELD_BY, bounds).all()
    ids = [asset_id for asset_id, _ in lost]
    drop_moments(db, ids)
    pending = update(_assets).where(among(_assets.c.asset_id, "ids")).values(state="pending")
    db.execute(pending, {"ids": json.dumps(ids)})
    drop_segments(db, [segment_id])
    drop_missing_between(db, **bounds)
    return [from_text(path) for _, path in lost]
