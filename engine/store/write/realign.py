"""Replace the vectors of a library's sounds in its shared space, in one commit.

A moment's vector is never changed where it lies: segments are immutable, and an index
follows the log. So every sound gets a new number, under which its facts stay, its vectors
are copied as they are, and the one of the shared space is new; the old number dies, as
that of a file that was replaced. Whoever searches sees all of the old or all of the new.
"""

from __future__ import annotations

import json

import numpy as np
from sqlalchemy import bindparam, insert, select, update

from engine.common.vectors import chunks
from engine.errors import SpaceMismatch
from engine.store import failpoints, segments
from engine.store.compaction import target_rows
from engine.store.database import full_text
from engine.store.failpoints import FailPoint
from engine.store.records import SegmentInfo
from engine.store.segments import Stored
from engine.store.sql import schema
from engine.store.sql.reads import among, segment_infos
from engine.store.write import full_text_rows, new_segments, statements
from engine.store.write.transaction import Transaction
from engine.types import Space
from engine.types.arrays import MomentIds, Vectors

_moments = schema.moments
_ASSETS_OF = select(_moments.c.asset_id).distinct().where(among(_moments.c.moment_id, "ids"))
_SEGMENTS_OF = segment_infos().where(schema.segments.c.space == bindparam("space"))
_MOMENTS_OF = select(_moments.c.moment_id).where(among(_moments.c.asset_id, "ids"))
_RENUMBER = (
    update(_moments)
    .where(_moments.c.moment_id == bindparam("old"))
    .values(moment_id=bindparam("new"))
)
_REVISE = (
    update(schema.spaces)
    .where(schema.spaces.c.name == bindparam("space"))
    .values(revision=bindparam("now"))
)


class Realignment:
    """Move sounds within a space."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def realign(self, space: Space, ids: MomentIds, vectors: Vectors) -> MomentIds:
        """Give these moments other vectors in a space, and the space its new head.

        Args:
            space: as the library has it but for its head.
            ids: living moments, (n,), ascending.
            vectors: (n, space.dim), L2-normalised.

        Returns:
            The numbers that the moments have now, (n,).

        Raises:
            SpaceMismatch: the library has no such space, or one of other vectors.
        """
        with self._tx.change():
            failpoints.hit(FailPoint.REALIGN_BEGUN)
            self._revise(space)
            first = self._tx.take("next_moment", len(ids))
            new = np.arange(first, first + len(ids), dtype=np.int64)
            self._copy_segments(space, ids, new, vectors)
            self._renumber(ids, new)
            self._tx.changed = True
            failpoints.hit(FailPoint.REALIGN_MOVED)
        return new

    def _revise(self, space: Space) -> None:
        known = self._tx.spaces.get(space.name)
        if known is None or known.with_head("") != space.with_head(""):
            raise SpaceMismatch(f"{self._tx.path} has no space {space.name!r} of these vectors")
        self._tx.db.execute(_REVISE, {"space": space.name, "now": space.revision})
        self._tx.load_spaces()

    def _copy_segments(
        self, realigned: Space, ids: MomentIds, new: MomentIds, vectors: Vectors
    ) -> None:
        """Write what every space holds of these moments under their new numbers."""
        written: list[new_segments.NewSegment] = []
        for space in self._tx.spaces.values():
            rows: Vectors | Stored = vectors
            numbers = new
            if space.name != realigned.name:
                numbers, rows = self._copied(space, ids, new)
            most = target_rows(space)
            for part, of_part in zip(chunks(numbers, most), chunks(rows, most), strict=True):
                written.append(new_segments.write_segment(self._tx, space, part, of_part))
        new_segments.publish(self._tx, written)
        statements.put_segments(self._tx.db, written)

    def _copied(self, space: Space, ids: MomentIds, new: MomentIds) -> tuple[MomentIds, Stored]:
        """Read the stored vectors of these moments in a space, by their new numbers, ascending."""
        numbers, rows = [], []
        for info in self._segments_of(space):
            present, stored = segments.read_stored(self._tx.segments, info, space)
            moved = np.isin(present, ids)
            if moved.any():
                numbers.append(new[np.searchsorted(ids, present[moved])])
                rows.append(stored[moved].astype(space.dtype, copy=False))
        if not numbers:
            return segments.empty(space)
        vectors, moments = np.concatenate(rows), np.concatenate(numbers)
        order = np.argsort(moments)
        return moments[order], vectors[order]

    def _segments_of(self, space: Space) -> list[SegmentInfo]:
        found = self._tx.db.execute(_SEGMENTS_OF, {"space": space.name}).all()
        return [SegmentInfo(*row) for row in found]

    def _renumber(self, ids: MomentIds, new: MomentIds) -> None:
        """Bury the old numbers, and give the moments and their words the new ones."""
        generation = self._tx.counters["generation"] + 1
        dead = [{"moment_id": int(i), "generation": generation} for i in ids]
        moved = [{"old": int(o), "new": int(n)} for o, n in zip(ids, new, strict=True)]
        if not moved:
            return
        assets = self._tx.db.scalars(_ASSETS_OF, {"ids": json.dumps(ids.tolist())}).all()
        # Of all moments of these files: the words of a file's name go with its first.
        listed = {"ids": json.dumps(list(assets))}
        full_text(self._tx.db).drop(self._tx.db, self._tx.db.scalars(_MOMENTS_OF, listed).all())
        self._tx.db.execute(insert(schema.tombstones), dead)
        self._tx.db.execute(_RENUMBER, moved)
        full_text_rows.refill_words(self._tx.db, assets)
