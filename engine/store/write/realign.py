"""Give the sounds of a library other places in its shared space, in one commit.

A moment's vector is never changed where it lies: segments are immutable, and an index
follows the log. So every sound gets a new number, under which its facts stay, its vectors
are copied as they are, and the one of the shared space is new; the old number dies, as
that of a file that was replaced. Whoever searches sees all of the old or all of the new.
"""

from __future__ import annotations

import json

import numpy as np
from sqlalchemy import bindparam, insert, select, update

from engine.errors import SpaceMismatch
from engine.store import failpoints, segments
from engine.store.compaction import target_rows
from engine.store.database import full_text
from engine.store.error_translation import translated
from engine.store.records import SegmentInfo
from engine.store.segments import Stored
from engine.store.sql import schema
from engine.store.sql.reads import among
from engine.store.write import statements
from engine.store.write.maintenance import Repairs
from engine.types import Space
from engine.types.arrays import MomentIds, Vectors

_moments = schema.moments
_ASSETS_OF = select(_moments.c.asset_id).distinct().where(among(_moments.c.moment_id, "ids"))
_SEGMENTS_OF = (
    select(
        *(
            schema.segments.c[name]
            for name in ("segment_id", "space", "file", "rows", "bytes", "checksum")
        )
    )
    .where(schema.segments.c.space == bindparam("space"))
    .order_by(schema.segments.c.segment_id)
)
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


class Realignment(Repairs):
    """The part of a ``Writer`` that moves sounds within a space."""

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
        with translated(self.path), self.transaction():
            failpoints.hit("realign.begun")
            self._revise(space)
            first = self._take("next_moment", len(ids))
            new = np.arange(first, first + len(ids), dtype=np.int64)
            self._copy_segments(space, ids, new, vectors)
            self._renumber(ids, new)
            self._changed = True
            failpoints.hit("realign.moved")
        return new

    def _revise(self, space: Space) -> None:
        known = self._spaces.get(space.name)
        if known is None or known.with_head("") != space.with_head(""):
            raise SpaceMismatch(f"{self.path} has no space {space.name!r} of these vectors")
        self._db.execute(_REVISE, {"space": space.name, "now": space.revision})
        self._load_spaces()

    def _copy_segments(
        self, realigned: Space, ids: MomentIds, new: MomentIds, vectors: Vectors
    ) -> None:
        """Write what every space holds of these moments under their new numbers."""
        infos: list[tuple[SegmentInfo, int, int]] = []
        for space in self._spaces.values():
            rows: Vectors | Stored = vectors
            numbers = new
            if space.name != realigned.name:
                numbers, rows = self._copied(space, ids, new)
            most = target_rows(space)
            for first in range(0, len(numbers), most):
                part = slice(first, first + most)
                infos.append(self._written(space, numbers[part], rows[part]))
        if infos:
            segments.publish(self._segments, [info for info, _, _ in infos])
        statements.put_segments(self._db, infos)

    def _written(
        self, space: Space, ids: MomentIds, rows: Vectors | Stored
    ) -> tuple[SegmentInfo, int, int]:
        segment_id = self._take("next_segment")
        info = segments.write(self._segments, segment_id, space, ids, rows)
        return info, int(ids[0]), int(ids[-1])

    def _copied(self, space: Space, ids: MomentIds, new: MomentIds) -> tuple[MomentIds, Stored]:
        """What the log holds of these moments in a space, as it is kept, under their new
        numbers, ascending."""
        numbers, rows = [], []
        for info in self._segments_of(space):
            held, stored = segments.read_stored(self._segments, info, space)
            wanted = np.isin(held, ids)
            if wanted.any():
                numbers.append(new[np.searchsorted(ids, held[wanted])])
                rows.append(stored[wanted].astype(space.dtype, copy=False))
        if not numbers:
            return segments.empty(space)
        every, of = np.concatenate(rows), np.concatenate(numbers)
        order = np.argsort(of)
        return of[order], every[order]

    def _segments_of(self, space: Space) -> list[SegmentInfo]:
        found = self._db.execute(_SEGMENTS_OF, {"space": space.name}).all()
        return [SegmentInfo(*row) for row in found]

    def _renumber(self, ids: MomentIds, new: MomentIds) -> None:
        """Bury the old numbers, and give the moments and their words the new ones."""
        generation = self._counters["generation"] + 1
        dead = [{"moment_id": int(i), "generation": generation} for i in ids]
        moved = [{"old": int(o), "new": int(n)} for o, n in zip(ids, new, strict=True)]
        if not moved:
            return
        assets = self._db.scalars(_ASSETS_OF, {"ids": json.dumps(ids.tolist())}).all()
        # Of all moments of these files: the words of a file's name go with its first.
        listed = {"ids": json.dumps(list(assets))}
        full_text(self._db).drop(self._db, self._db.scalars(_MOMENTS_OF, listed).all())
        self._db.execute(insert(schema.tombstones), dead)
        self._db.execute(_RENUMBER, moved)
        statements.refill_words(self._db, assets)
