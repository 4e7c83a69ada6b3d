"""Keep what vanished in bulk, and take it back as it was.

A disk that is not mounted takes thousands of files with it, for which hours were computed.
They leave the tables that searches and listings read, and their moments are buried; but
their rows stay in tables of their own and their vectors in the segments. When they are seen
again the vectors are copied, under new numbers, which every index takes in like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import bindparam, delete, insert, select

from engine.common.id_sets import among as is_among
from engine.common.vectors import chunks
from engine.store import segments
from engine.store.compaction import target_rows
from engine.store.paths import to_text
from engine.store.records import SegmentInfo, SpaceInfo
from engine.store.segments import Stored
from engine.store.sql import schema
from engine.store.sql.reads import among, segment_infos
from engine.store.write import full_text_rows, new_segments, statements
from engine.store.write.transaction import Transaction
from engine.types import FileStat, Space
from engine.types.arrays import MomentIds

_assets, _moments, _tags = schema.assets, schema.moments, schema.asset_tags
_missing, _kept = schema.missing_assets, schema.missing_moments
_AT_ONCE = 2_000
"""Assets that one statement names."""
_ASSETS = select(_assets).where(among(_assets.c.asset_id, "ids"))
_MOMENTS = select(_moments).where(among(_moments.c.asset_id, "ids"))
_TAGS = select(_tags).where(among(_tags.c.asset_id, "ids"))
_MISSING = select(_missing).where(among(_missing.c.asset_id, "ids"))
_KEPT = select(_kept).where(among(_kept.c.asset_id, "ids")).order_by(_kept.c.moment_id)
_FORGET_KEPT = delete(_kept).where(among(_kept.c.asset_id, "ids"))
_FORGET = delete(_missing).where(among(_missing.c.asset_id, "ids"))
_OVERLAPPING = segment_infos().where(
    schema.segments.c.space == bindparam("space"),
    schema.segments.c.first_moment <= bindparam("last"),
    schema.segments.c.last_moment >= bindparam("first"),
)

Document: TypeAlias = dict[str, Any]
"""A row of a table, as JSON has it."""


class MissingWrites:
    """Hide assets whose files vanished in bulk, restore them, or forget them."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def hide(self, asset_ids: Iterable[int], since: str) -> int:
        """Keep these assets where no search finds them; returns how many there were.

        Args:
            since: now, ISO 8601, UTC.
        """
        hidden = 0
        with self._tx.change():
            for ids in chunks(list(asset_ids), _AT_ONCE):
                hidden += self._hide({"ids": json.dumps(ids)}, since)
                statements.drop_assets(self._tx.db, ids)
            self._tx.changed = self._tx.changed or hidden > 0
        return hidden

    def _hide(self, listed: Mapping[str, str], since: str) -> int:
        db, spaces = self._tx.db, json.dumps(_ready(self._tx.infos.values()))
        tags: dict[int, list[Document]] = {}
        for tag in db.execute(_TAGS, listed).mappings():
            tags.setdefault(tag["asset_id"], []).append(dict(tag))
        rows = [
            {
                **{name: row[name] for name in ("asset_id", "path", "content_hash")},
                **{name: row[name] for name in ("size", "mtime_ns")},
                "since": since,
                "spaces": spaces,
                "document": {"asset": dict(row), "tags": tags.get(row["asset_id"], [])},
            }
            for row in db.execute(_ASSETS, listed).mappings()
        ]
        kept = [
            {"moment_id": row["moment_id"], "asset_id": row["asset_id"], "document": dict(row)}
            for row in db.execute(_MOMENTS, listed).mappings()
        ]
        for table, found in ((_missing, rows), (_kept, kept)):
            if found:
                db.execute(insert(table), found)
        return len(rows)

    def forget_missing(self, asset_ids: Iterable[int]) -> int:
        """Forget missing assets: their vectors go with the next compaction."""
        forgotten = 0
        with self._tx.change():
            for ids in chunks(list(asset_ids), _AT_ONCE):
                self._tx.db.execute(_FORGET_KEPT, {"ids": json.dumps(ids)})
                forgotten += self._tx.db.execute(_FORGET, {"ids": json.dumps(ids)}).rowcount
        return forgotten

    def restore(self, returned: Sequence[tuple[int, FileStat]]) -> set[int]:
        """Take missing assets back, each as the file that has its content now.

        What is known at such a path is removed. An asset whose vectors are not what the
        library needs now is forgotten instead, and to be indexed like a new file.

        Returns:
            The assets that are back.
        """
        places = dict(returned)
        listed = {"ids": json.dumps(list(places))}
        with self._tx.change():
            db = self._tx.db
            found = {row["asset_id"]: row for row in db.execute(_MISSING, listed).mappings()}
            usable = {i for i, row in found.items() if self._fits(json.loads(row["spaces"]))}
            kept = [
                row for row in db.execute(_KEPT, listed).mappings() if row["asset_id"] in usable
            ]
            copies, lacking = self._vectors([row["document"] for row in kept])
            usable -= lacking
            kept = [row for row in kept if row["asset_id"] in usable]
            self._put_assets({i: found[i]["document"] for i in usable}, places)
            self._put_moments([row["document"] for row in kept], copies)
            full_text_rows.refill_words(db, sorted(usable))
            self.forget_missing(places)
            self._tx.changed = self._tx.changed or bool(usable)
        return usable

    def _fits(self, recorded: list[list[str]]) -> bool:
        """Tell whether every space that is searched now was there when an asset vanished."""
        return all(space in recorded for space in _ready(self._tx.infos.values()))

    def _vectors(
        self, moments: list[Document]
    ) -> tuple[dict[str, tuple[MomentIds, Stored]], set[int]]:
        """Read the vectors of moments by space, and name the assets that lack some."""
        ids = np.array([moment["moment_id"] for moment in moments], np.int64)
        copies = {name: self._read(space, ids) for name, space in self._tx.spaces.items()}
        counts = sum(
            (np.isin(ids, of_space).astype(np.int64) for of_space, _ in copies.values()),
            start=np.zeros(len(ids), np.int64),
        )
        lacking = {
            moment["asset_id"]
            for moment, count in zip(moments, counts.tolist(), strict=True)
            if count != moment["vectors"]
        }
        return copies, lacking

    def _read(self, space: Space, ids: MomentIds) -> tuple[MomentIds, Stored]:
        """Read the stored vectors of moments, ascending, (n,), in one space."""
        if not len(ids):
            return segments.empty(space)
        bounds = {"space": space.name, "first": int(ids[0]), "last": int(ids[-1])}
        numbers, rows = [np.zeros(0, np.int64)], [np.zeros((0, space.dim), space.dtype)]
        for row in self._tx.db.execute(_OVERLAPPING, bounds).all():
            present, stored = segments.read_stored(self._tx.segments, SegmentInfo(*row), space)
            wanted = is_among(present, ids)
            numbers.append(present[wanted])
            rows.append(stored[wanted].astype(space.dtype, copy=False))
        moments, vectors = np.concatenate(numbers), np.concatenate(rows)
        order = np.argsort(moments)
        return moments[order], vectors[order]

    def _put_assets(self, documents: dict[int, Document], places: dict[int, FileStat]) -> None:
        db = self._tx.db
        paths = [to_text(places[asset_id].path) for asset_id in documents]
        statements.drop_assets(db, list(statements.ids_at(db, paths).values()))
        statements.drop_failures(db, paths)
        rows = [
            {
                **document["asset"],
                "path": to_text(places[asset_id].path),
                "size": places[asset_id].size,
                "mtime_ns": places[asset_id].mtime_ns,
            }
            for asset_id, document in documents.items()
        ]
        tags = [tag for document in documents.values() for tag in document["tags"]]
        if rows:
            db.execute(insert(_assets), rows)
        if tags:
            db.execute(insert(_tags), tags)

    def _put_moments(
        self, moments: list[Document], copies: dict[str, tuple[MomentIds, Stored]]
    ) -> None:
        """Insert moments under new numbers, and copy their vectors to new segments."""
        if not moments:
            return
        old = np.array([moment["moment_id"] for moment in moments], np.int64)
        first = self._tx.take("next_moment", len(old))
        rows = [{**moment, "moment_id": i} for i, moment in enumerate(moments, first)]
        self._tx.db.execute(insert(_moments), rows)
        written: list[new_segments.NewSegment] = []
        for name, (ids, vectors) in copies.items():
            space = self._tx.spaces[name]
            wanted = is_among(ids, old)
            numbers = first + np.searchsorted(old, ids[wanted]).astype(np.int64)
            parts = zip(
                chunks(numbers, target_rows(space)),
                chunks(vectors[wanted], target_rows(space)),
                strict=True,
            )
            for part, of_part in parts:
                if len(part):
                    written.append(new_segments.write_segment(self._tx, space, part, of_part))
        new_segments.publish(self._tx, written)
        statements.put_segments(self._tx.db, written)


def _ready(infos: Iterable[SpaceInfo]) -> list[list[str]]:
    """List the spaces that are searched, with their revisions."""
    return sorted([info.space.name, info.space.revision] for info in infos if info.ready)
