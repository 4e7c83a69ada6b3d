"""The one writer: every change to a library, each in one transaction.

A commit writes its segments under names that nobody reads, syncs and renames them,
and then ends the transaction that registers them with all their rows. That is the
only commit point: before it the library is as it was, and what lies in the folder
is an orphan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, insert, select, update

from engine.errors import StoreError
from engine.store import failpoints
from engine.store.error_translation import translated
from engine.store.paths import storable, to_text
from engine.store.records import Background
from engine.store.sql import schema
from engine.store.write import commit_batch, statements
from engine.store.write.captions import Captions
from engine.store.write.curation import Journal
from engine.store.write.realign import Realignment
from engine.types import Failure, FileStat, IndexedAsset, Space


class Writer(Realignment, Journal, Captions):
    """Made by ``Store.writer``, which holds the lock for as long as it lives.

    Every method is atomic and lasting when it returns. Several of them inside
    ``with writer.transaction()`` are so together, and cost one sync of the disk.
    """

    # --- backgrounds ------------------------------------------------------------

    def set_backgrounds(self, rows: Sequence[Background], generation: int) -> None:
        """Put these distributions in the place of all earlier ones.

        Args:
            generation: at which they were estimated. Where another one has been
                committed since, they serve, and the library counts as not calibrated.
        """
        values = [
            {
                "space": row.space,
                "query": row.query,
                "modality": row.modality.value,
                "mean": row.mean,
                "std": row.std,
                "n": row.n,
                "centre": row.centre,
            }
            for row in rows
        ]
        with translated(self.path), self.transaction():
            self._db.execute(delete(schema.backgrounds))
            if values:
                self._db.execute(insert(schema.backgrounds), values)
            # Backgrounds change what a search returns, and so make a generation too.
            self._changed = True
            fresh = generation == self._counters["generation"]
            level = generation + 1 if fresh else generation
            self._db.execute(update(schema.library).values(calibrated=level))

    # --- assets -----------------------------------------------------------------

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
        with translated(self.path), self.transaction():
            failpoints.hit("commit.begun")
            self.require_spaces(made_for)
            paths = [to_text(one.asset.path) for one in indexed]
            known = statements.ids_at(self._db, paths)
            ids = [known.get(path) or self._take("next_asset") for path in paths]
            content, tags = commit_batch.Batch(), statements.tags_of(self._db, known.values())
            for asset_id, one in zip(ids, indexed, strict=True):
                first = self._take("next_moment", len(one.embeddings))
                content.add(asset_id, first, one, tags.get(asset_id, ()))
            infos = self._write_segments(content)
            rows = [
                commit_batch.asset_row(i, one.asset) for i, one in zip(ids, indexed, strict=True)
            ]
            new = [row for row in rows if row["path"] not in known]
            statements.put_assets(self._db, new, [row for row in rows if row["path"] in known])
            statements.put_moments(self._db, content.moments, content.words)
            statements.put_segments(self._db, infos)
            statements.drop_failures(self._db, paths)
            self._changed = True
        return len(content.moments)

    def move(self, asset_id: int, stat: FileStat) -> None:
        """The file of an asset is now ``stat``; its moments and vectors stay."""
        self.move_all([(asset_id, stat)])

    def move_all(self, moves: Sequence[tuple[int, FileStat]]) -> None:
        """Move several at once, so that files may trade their places.

        Assets that are known at a new path and do not move are removed: what was
        there is no more.

        Raises:
            StoreError: there is no such asset.
        """
        if not moves:
            return
        with translated(self.path), self.transaction():
            self._require([asset_id for asset_id, _ in moves])
            paths = [to_text(stat.path) for _, stat in moves]
            moving = {asset_id for asset_id, _ in moves}
            at_target = statements.ids_at(self._db, paths).values()
            statements.drop_assets(self._db, [i for i in at_target if i not in moving])
            statements.place(self._db, [_placement(asset_id, stat) for asset_id, stat in moves])
            statements.reword(self._db, [asset_id for asset_id, _ in moves])
            statements.drop_failures(self._db, paths)
            self._changed = True

    def touch(self, asset_id: int, stat: FileStat) -> None:
        """The file has other dates or another size on record, and the same content.

        Raises:
            StoreError: there is no such asset, or it has another path.
        """
        with translated(self.path), self.transaction():
            known = statements.ids_at(self._db, [to_text(stat.path)])
            if known.get(to_text(stat.path)) != asset_id:
                raise StoreError(f"asset {asset_id} is not at {stat.path}")
            statements.restat(self._db, _placement(asset_id, stat))
            statements.drop_failures(self._db, [to_text(stat.path)])

    def _require(self, asset_ids: Sequence[int]) -> None:
        column = schema.assets.c.asset_id
        for asset_id in asset_ids:
            if self._db.scalar(select(column).where(column == asset_id)) is None:
                raise StoreError(f"{self.path} has no asset {asset_id}")

    def remove(self, asset_ids: Sequence[int]) -> int:
        """Remove assets with their moments; returns how many there were."""
        with translated(self.path), self.transaction():
            removed = statements.drop_assets(self._db, [int(i) for i in asset_ids])
            self._changed = self._changed or removed > 0
        return removed

    # --- failures ---------------------------------------------------------------

    def fail(self, failures: Sequence[Failure], drop_assets: bool = True) -> None:
        """Record files that could not be indexed, each in the place of its last failure.

        Args:
            drop_assets: also remove what was indexed at these paths, which is no longer
                what the files hold.
        """
        rows = {
            to_text(one.path): {
                "path": to_text(one.path),
                "reason": storable(one.reason),
                "size": one.size,
                "mtime_ns": one.mtime_ns,
            }
            for one in failures
        }
        if not rows:
            return
        with translated(self.path), self.transaction():
            statements.put_failures(self._db, list(rows.values()))
            if drop_assets:
                self.remove(list(statements.ids_at(self._db, rows).values()))

    def clear_failures(self, paths: Sequence[str]) -> None:
        """Forget the failures of these paths."""
        with translated(self.path), self.transaction():
            statements.drop_failures(self._db, map(to_text, paths))


def _placement(asset_id: int, stat: FileStat) -> dict[str, object]:
    return {
        "replaced": asset_id,
        "path": to_text(stat.path),
        "size": stat.size,
        "mtime_ns": stat.mtime_ns,
    }
