"""Write assets with their moments: commit, move, remove, caption, and record failures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import bindparam, select, update

from engine.common.file_state import clamped_int64
from engine.errors import StoreError
from engine.store import failpoints
from engine.store.failpoints import FailPoint
from engine.store.paths import storable, to_text
from engine.store.records import ReadAsset
from engine.store.sql import schema
from engine.store.sql.reads import among
from engine.store.write import commit_batch, full_text_rows, new_segments, statements
from engine.store.write.spaces import SpaceWrites
from engine.store.write.transaction import Transaction
from engine.types import Failure, FileStat, IndexedAsset, Modality, Space

_FILL_CAPTION = (
    update(schema.assets)
    .where(schema.assets.c.asset_id == bindparam("asset"), schema.assets.c.caption.is_(None))
    .values(caption=bindparam("given"))
)
_PUT_TEXTS = (
    update(schema.assets)
    .where(schema.assets.c.asset_id == bindparam("asset"))
    .values(texts=bindparam("given"), texts_state=bindparam("given_state"))
)


_HASHES_OF = select(schema.assets.c.asset_id, schema.assets.c.content_hash).where(
    among(schema.assets.c.asset_id, "ids")
)
_WITH_TEXTS = (
    select(schema.moments.c.asset_id)
    .distinct()
    .where(
        among(schema.moments.c.asset_id, "ids"),
        schema.moments.c.modality == Modality.SCREEN.value,
    )
)
_HAVE_BEEN_READ = (
    update(schema.assets).where(among(schema.assets.c.asset_id, "ids")).values(screen_state="read")
)


class AssetWrites:
    """Change which files a library has, and what is known of them."""

    def __init__(self, transaction: Transaction, spaces: SpaceWrites) -> None:
        self._tx = transaction
        self._spaces = spaces

    def commit(self, assets: Sequence[IndexedAsset], made_for: Iterable[Space] = ()) -> int:
        """Add assets with all their moments, in the place of what was at their paths.

        A replaced asset keeps its id; its old moments are deleted, and moment ids are
        never used again. The paths are no failures any more.

        Args:
            made_for: the spaces, as whoever made the vectors knew them.

        Returns:
            How many moments were committed.

        Raises:
            SpaceMismatch: an unknown space, one that is another by now, or a vector of
                another dim.
            StoreError: a vector that is not finite or not of unit length.
            LibraryReadOnly, LibraryBusy: as the disk and other processes have it; the
                library is as it was before.
        """
        indexed = commit_batch.last_of_each(assets)
        if not indexed:
            return 0
        transaction = self._tx
        with transaction.change():
            failpoints.hit(FailPoint.COMMIT_BEGUN)
            self._spaces.require_spaces(made_for)
            db, paths = transaction.db, [to_text(item.asset.path) for item in indexed]
            known = statements.ids_at(db, paths)
            ids = [known.get(path) or transaction.take("next_asset") for path in paths]
            batch, tags = commit_batch.Batch(), statements.tags_of(db, known.values())
            for asset_id, item in zip(ids, indexed, strict=True):
                first = transaction.take("next_moment", len(item.embeddings))
                batch.add(asset_id, first, item, tags.get(asset_id, ()))
            written = new_segments.write_batch(transaction, batch)
            rows = [
                commit_batch.asset_row(asset_id, item.asset)
                for asset_id, item in zip(ids, indexed, strict=True)
            ]
            new = [row for row in rows if row["path"] not in known]
            statements.put_assets(db, new, [row for row in rows if row["path"] in known])
            statements.put_moments(db, batch.moments, batch.words)
            statements.put_segments(db, written)
            statements.drop_failures(db, paths)
            transaction.changed = True
        return len(batch.moments)

    def add_texts(self, read: Sequence[ReadAsset], made_for: Iterable[Space] = ()) -> int:
        """Add the texts that were read in assets, and note that they have been read.

        Assets that are gone or hold something else by now are passed over, and one that has
        texts keeps those.

        Args:
            made_for: the spaces, as whoever made the vectors knew them.

        Returns:
            How many moments were added.

        Raises:
            SpaceMismatch, StoreError: as ``commit``; nothing has been written then.
        """
        transaction, batch = self._tx, commit_batch.Batch()
        with transaction.change():
            self._spaces.require_spaces(made_for)
            db = transaction.db
            listed = {"ids": json.dumps([item.known.asset_id for item in read])}
            hashes = {row.asset_id: row.content_hash for row in db.execute(_HASHES_OF, listed)}
            having = set(db.scalars(_WITH_TEXTS, listed))
            ours = [i for i in read if hashes.get(i.known.asset_id) == i.known.content_hash]
            for item in ours:
                if item.known.asset_id not in having:
                    first = transaction.take("next_moment", len(item.texts))
                    batch.add_texts(first, item)
            written = new_segments.write_batch(transaction, batch)
            statements.put_moments(db, batch.moments, batch.words)
            statements.put_segments(db, written)
            done = json.dumps([item.known.asset_id for item in ours])
            db.execute(_HAVE_BEEN_READ, {"ids": done})
            transaction.changed = transaction.changed or bool(batch.moments)
        return len(batch.moments)

    def move(self, asset_id: int, stat: FileStat) -> None:
        """Note that the file of an asset is now ``stat``; its moments and vectors stay."""
        self.move_all([(asset_id, stat)])

    def move_all(self, moves: Sequence[tuple[int, FileStat]]) -> None:
        """Move several assets at once, so that files may trade their places.

        Assets that are known at a new path and do not move are removed: what was
        there is no more.

        Raises:
            StoreError: there is no such asset.
        """
        if not moves:
            return
        db = self._tx.db
        with self._tx.change():
            self._require([asset_id for asset_id, _ in moves])
            paths = [to_text(stat.path) for _, stat in moves]
            moving = {asset_id for asset_id, _ in moves}
            at_target = statements.ids_at(db, paths).values()
            statements.drop_assets(db, [i for i in at_target if i not in moving])
            statements.place(db, [_placement(asset_id, stat) for asset_id, stat in moves])
            full_text_rows.reword(db, [asset_id for asset_id, _ in moves])
            statements.drop_failures(db, paths)
            self._tx.changed = True

    def touch(self, asset_id: int, stat: FileStat) -> None:
        """Note another date or size of a file that has the same content.

        Raises:
            StoreError: there is no such asset, or it has another path.
        """
        db = self._tx.db
        with self._tx.change():
            known = statements.ids_at(db, [to_text(stat.path)])
            if known.get(to_text(stat.path)) != asset_id:
                raise StoreError(f"asset {asset_id} is not at {stat.path}")
            statements.restat(db, _placement(asset_id, stat))
            statements.drop_failures(db, [to_text(stat.path)])

    def _require(self, asset_ids: Sequence[int]) -> None:
        column = schema.assets.c.asset_id
        for asset_id in asset_ids:
            found = self._tx.db.scalar(select(column).where(column == asset_id))
            if found is None:
                raise StoreError(f"{self._tx.path} has no asset {asset_id}")

    def remove(self, asset_ids: Sequence[int]) -> int:
        """Remove assets with their moments; returns how many there were."""
        transaction = self._tx
        with transaction.change():
            removed = statements.drop_assets(transaction.db, [int(i) for i in asset_ids])
            transaction.changed = transaction.changed or removed > 0
        return removed

    def fill_captions(self, captions: Mapping[str, str]) -> int:
        """Give the assets at these paths a caption where they have none.

        The caption that a file has itself stays, and comes back when the file changes.

        Returns:
            How many assets got one.
        """
        filled, transaction = 0, self._tx
        with transaction.change():
            texts = {to_text(path): text for path, text in captions.items() if text}
            for stored, asset_id in sorted(statements.ids_at(transaction.db, texts).items()):
                given = {"asset": asset_id, "given": storable(texts[stored])}
                if transaction.db.execute(_FILL_CAPTION, given).rowcount:
                    full_text_rows.reword(transaction.db, [asset_id])
                    filled += 1
            transaction.changed = transaction.changed or filled > 0
        return filled

    def put_texts(self, texts: Iterable[tuple[int, str | None, str]]) -> None:
        """Give assets what is written about them; vectors and moments stay.

        Args:
            texts: per asset its number, its texts and the state that they are of.
        """
        db, transaction = self._tx.db, self._tx
        rows = [
            {"asset": asset_id, "given": given and storable(given), "given_state": storable(state)}
            for asset_id, given, state in texts
        ]
        if not rows:
            return
        with transaction.change():
            db.execute(_PUT_TEXTS, rows)
            full_text_rows.reword(db, [int(str(row["asset"])) for row in rows])
            transaction.changed = True

    # --- failures ---------------------------------------------------------------

    def fail(self, failures: Sequence[Failure], drop_assets: bool = True) -> None:
        """Record files that could not be indexed, each in the place of its last failure.

        Args:
            drop_assets: also remove what was indexed at these paths, which is no longer
                what the files hold.
        """
        rows = {
            to_text(failure.path): {
                "path": to_text(failure.path),
                "reason": storable(failure.reason),
                "size": None if failure.size is None else clamped_int64(failure.size),
                "mtime_ns": None if failure.mtime_ns is None else clamped_int64(failure.mtime_ns),
                "code": failure.code,
            }
            for failure in failures
        }
        if not rows:
            return
        db = self._tx.db
        with self._tx.change():
            statements.put_failures(db, list(rows.values()))
            if drop_assets:
                self.remove(list(statements.ids_at(db, rows).values()))

    def clear_failures(self, paths: Sequence[str]) -> None:
        """Forget the failures of these paths."""
        with self._tx.change():
            statements.drop_failures(self._tx.db, map(to_text, paths))


def _placement(asset_id: int, stat: FileStat) -> dict[str, object]:
    return {
        "replaced": asset_id,
        "path": to_text(stat.path),
        "size": clamped_int64(stat.size),
        "mtime_ns": clamped_int64(stat.mtime_ns),
    }
