"""What a writer does to a library as a whole: mend, rebuild, compact."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, update

from engine.errors import StoreError
from engine.store import failpoints, recovery, segments, thumbnails
from engine.store.compaction import Compaction, Weighed, runs, target_rows
from engine.store.error_translation import translated
from engine.store.records import SegmentInfo
from engine.store.sql import schema
from engine.store.write import statements
from engine.store.write.spaces import Spaces
from engine.types import Space
from engine.types.arrays import MomentIds


class Repairs(Spaces):
    """The part of a ``Writer`` that changes no asset on its own account."""

    def rebuild_words(self) -> int:
        """Make the full text index again from the catalog; returns its rows."""
        with translated(self.path), self.transaction():
            count = statements.fill_words(self._db)
            self._changed = True
        return count

    def compact(
        self, held: Callable[[MomentIds], NDArray[np.bool_]], target: int | None = None
    ) -> Compaction:
        """Drop the rows of deleted moments, and merge small segments. The thumbnails of
        what is no asset any more go with them.

        One transaction a merged segment: a crash in between leaves a library that is
        whole, and compacted in part. Memory holds one merged segment.

        Args:
            held: which of some deleted moments an index on disk still holds, (n,) bool.
                Their tombstones stay.
            target: rows of a merged segment; None for as many as ``target_rows`` says.
        """
        before = self._known_segments()
        dead, dropped = self._tombstones(), 0
        for space in self._spaces.values():
            of_space = [info for info in before if info.space == space.name]
            try:
                weighed = [self._weighed(info, dead) for info in of_space]
                for run in runs(weighed, target or target_rows(space)):
                    dropped += self._merge(space, run, dead)
            except segments.Unreadable as damage:
                warning = self.lose(damage.info, damage.reason) or damage.reason
                done = self.compact(held, target)
                return replace(done, warnings=(warning, *done.warnings))
        failpoints.hit("compact.tombstones")
        if len(dead):
            with translated(self.path), self.transaction():
                gone = dead[~held(dead)]
                statements.drop_tombstones(self._db, gone.tolist())
                self._compacted()
        segments.release()
        self._tidy_thumbnails()
        after = self._known_segments()
        return Compaction(len(before), len(after), dropped, _bytes(before), _bytes(after))

    def _weighed(self, info: SegmentInfo, dead: MomentIds) -> Weighed:
        if not len(dead):
            return Weighed(info, 0)
        ids = segments.read_ids(self._segments, info)
        return Weighed(info, int(np.isin(ids, dead).sum()))

    def _merge(self, space: Space, run: list[SegmentInfo], dead: MomentIds) -> int:
        """Put one segment in the place of a run of neighbours; returns the rows dropped."""
        ids, vectors = self._living(space, run, dead)
        with translated(self.path), self.transaction():
            statements.drop_segments(self._db, [info.segment_id for info in run])
            if len(ids):
                last, number = run[-1].segment_id, self._take("next_segment")
                info = segments.write(self._segments, last, space, ids, vectors, number)
                segments.publish(self._segments, [info])
                statements.put_segments(self._db, [(info, int(ids.min()), int(ids.max()))])
            self._compacted()
        failpoints.hit("compact.unlinking")
        with translated(self.path):
            recovery.remove_orphans(self.path, [info.file for info in run])
        return sum(info.rows for info in run) - len(ids)

    def _living(
        self, space: Space, run: list[SegmentInfo], dead: MomentIds
    ) -> tuple[MomentIds, segments.Stored]:
        """The rows of a run that belong to living moments, in the order of the log."""
        most = sum(info.rows for info in run)
        ids, vectors = np.empty(most, np.int64), np.empty((most, space.dim), space.dtype)
        count = 0
        for info in run:
            of_one, stored = segments.read_stored(self._segments, info, space)
            alive = ~np.isin(of_one, dead)
            rows = slice(count, count := count + int(alive.sum()))
            ids[rows], vectors[rows] = of_one[alive], stored[alive]
        return ids[:count], vectors[:count]

    def _compacted(self) -> None:
        """Note that what is gone from the log may still be in an older index."""
        self._changed = True
        following = self._counters["generation"] + 1
        self._db.execute(update(schema.library).values(compacted=following))

    def _tidy_thumbnails(self) -> None:
        """Drop pictures of what is no asset any more, as far as that can be done."""
        with suppress(StoreError), translated(self.path), self._db.begin():
            thumbnails.tidy(self.path, lambda hashes: statements.known_hashes(self._db, hashes))

    def _tombstones(self) -> MomentIds:
        with self._db.begin():
            found = self._db.execute(select(schema.tombstones.c.moment_id)).scalars().all()
        return np.sort(np.array(found, np.int64))

    def mend(self) -> list[str]:
        """Remove orphans, and send the assets of lost segments back to ``pending``.

        Returns:
            One warning for every lost segment.
        """
        with translated(self.path):
            damage = self._damage()
            recovery.remove_orphans(self.path, damage.orphans)
            found = [self.lose(info, recovery.reason_of(self.path, info)) for info in damage.lost]
        return [warning for warning in found if warning]

    def lose(self, info: SegmentInfo, reason: str) -> str | None:
        """Forget a segment that cannot be read. Where only added spaces use its space, they
        are to be filled again; else its assets are to be indexed again.

        Returns:
            The warning that says so; None where it was forgotten already.
        """
        with translated(self.path), self.transaction():
            encoder = self._refill(info)
            paths = [] if encoder else statements.lose_segment(self._db, info.segment_id)
            if paths is None:
                return None
            self._changed = True
        with translated(self.path):
            (self._segments / info.file).unlink(missing_ok=True)
        if encoder:
            return f"segment {info.file} {reason}; sensorium index --add-space {encoder} makes it"
        return recovery.warning(info, reason, paths)


def _bytes(infos: list[SegmentInfo]) -> int:
    return sum(info.bytes for info in infos)
