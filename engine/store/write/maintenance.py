"""Maintain a library as a whole: mend it after a crash, rebuild full text, compact."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, update

from engine.common.progress import NO_PROGRESS, Progress
from engine.errors import StoreError
from engine.store import failpoints, recovery, segments, thumbnails
from engine.store.compaction import Compaction, Weighed, runs, target_rows
from engine.store.error_translation import translated
from engine.store.failpoints import FailPoint
from engine.store.records import SegmentInfo
from engine.store.sql import schema
from engine.store.write import full_text_rows, statements
from engine.store.write.spaces import SpaceWrites
from engine.store.write.transaction import Transaction
from engine.types import Space
from engine.types.arrays import MomentIds


class StoreMaintenance:
    """Mend, rebuild and compact a library."""

    def __init__(self, transaction: Transaction, spaces: SpaceWrites) -> None:
        self._tx = transaction
        self._spaces = spaces

    def rebuild_words(self) -> int:
        """Make the full text index again from the catalog; returns its rows."""
        with self._tx.change():
            count = full_text_rows.fill_words(self._tx.db)
            self._tx.changed = True
        return count

    def compact(
        self,
        in_index: Callable[[MomentIds], NDArray[np.bool_]],
        target: int | None = None,
        progress: Progress = NO_PROGRESS,
    ) -> Compaction:
        """Drop the rows of deleted moments, and merge small segments.

        The thumbnails of content that no asset has any more go with them. One transaction
        a merged segment: a crash in between leaves a library that is whole, and compacted
        in part. Memory holds one merged segment.

        Args:
            in_index: tells which of some deleted moments an index on disk still holds,
                (n,) bool. Their tombstones stay.
            target: rows of a merged segment; None for as many as ``target_rows`` says.
        """
        before = self._tx.known_segments()
        progress.start("compacting", unit="segments")
        dead, dropped = self._tombstones(), 0
        for space in self._tx.spaces.values():
            of_space = [info for info in before if info.space == space.name]
            try:
                weighed = [self._weighed(info, dead) for info in of_space]
                for run in runs(weighed, target or target_rows(space)):
                    dropped += self._merge(space, run, dead)
                    progress.advance(len(run))
            except segments.Unreadable as damage:
                warning = self.lose(damage.info, damage.reason) or damage.reason
                done = self.compact(in_index, target, progress)
                return replace(done, warnings=(warning, *done.warnings))
        failpoints.hit(FailPoint.COMPACT_TOMBSTONES)
        if len(dead):
            with self._tx.change():
                gone = dead[~in_index(dead)]
                statements.drop_tombstones(self._tx.db, gone.tolist())
                self._compacted()
        segments.release()
        self._tidy_thumbnails()
        after = self._tx.known_segments()
        return Compaction(len(before), len(after), dropped, _bytes(before), _bytes(after))

    def _weighed(self, info: SegmentInfo, dead: MomentIds) -> Weighed:
        if not len(dead):
            return Weighed(info, 0)
        ids = segments.read_ids(self._tx.segments, info)
        return Weighed(info, int(np.isin(ids, dead).sum()))

    def _merge(self, space: Space, run: list[SegmentInfo], dead: MomentIds) -> int:
        """Put one segment in the place of a run of neighbours; returns the rows dropped."""
        ids, vectors = self._living(space, run, dead)
        with self._tx.change():
            statements.drop_segments(self._tx.db, [info.segment_id for info in run])
            if len(ids):
                last, number = run[-1].segment_id, self._tx.take("next_segment")
                info = segments.write(self._tx.segments, last, space, ids, vectors, number)
                segments.publish(self._tx.segments, [info])
                statements.put_segments(self._tx.db, [(info, int(ids.min()), int(ids.max()))])
            self._compacted()
        failpoints.hit(FailPoint.COMPACT_UNLINKING)
        with translated(self._tx.path):
            recovery.remove(self._tx.path, [info.file for info in run])
        return sum(info.rows for info in run) - len(ids)

    def _living(
        self, space: Space, run: list[SegmentInfo], dead: MomentIds
    ) -> tuple[MomentIds, segments.Stored]:
        """Read the rows of a run that belong to living moments, in the order of the log."""
        most = sum(info.rows for info in run)
        ids, vectors = np.empty(most, np.int64), np.empty((most, space.dim), space.dtype)
        count = 0
        for info in run:
            of_segment, stored = segments.read_stored(self._tx.segments, info, space)
            alive = ~np.isin(of_segment, dead)
            rows = slice(count, count := count + int(alive.sum()))
            ids[rows], vectors[rows] = of_segment[alive], stored[alive]
        return ids[:count], vectors[:count]

    def _compacted(self) -> None:
        """Note that what is gone from the log may still be in an older index."""
        self._tx.changed = True
        following = self._tx.counters["generation"] + 1
        self._tx.db.execute(update(schema.library).values(compacted=following))

    def _tidy_thumbnails(self) -> None:
        """Drop pictures of what is no asset any more, as far as that can be done."""
        with suppress(StoreError), translated(self._tx.path), self._tx.db.begin():
            thumbnails.tidy(
                self._tx.path, lambda hashes: statements.known_hashes(self._tx.db, hashes)
            )

    def _tombstones(self) -> MomentIds:
        with self._tx.db.begin():
            kept = select(schema.missing_moments.c.moment_id)
            dead = select(schema.tombstones.c.moment_id)
            dead = dead.where(schema.tombstones.c.moment_id.not_in(kept))
            found = self._tx.db.execute(dead).scalars().all()
        return np.sort(np.array(found, np.int64))

    def mend(self) -> list[SegmentInfo]:
        """Tidy what a crash left behind. Where segments are missing, nothing is touched.

        Returns:
            The segments that are missing, or have not their size.

        Raises:
            LibraryUnavailable: so many are missing that the folder is not there yet.
        """
        with translated(self._tx.path):
            damage = self._tx.find_damage()
            recovery.require_most(self._tx.path, damage.lost, damage.known)
            if not damage.lost:
                recovery.tidy_orphans(self._tx.path, damage.orphans)
        return list(damage.lost)

    def forget_lost(self) -> list[str]:
        """Give up every segment that is not there; returns a warning for each."""
        with translated(self._tx.path):
            lost = self._tx.find_damage().lost
            found = [self.lose(info, recovery.reason_of(self._tx.path, info)) for info in lost]
        return [warning for warning in found if warning]

    def lose(self, info: SegmentInfo, reason: str) -> str | None:
        """Give up a segment that is damaged or lost; its file goes to the quarantine.

        Where only added spaces use its space, they are to be filled again; else its assets
        are to be indexed again.

        Returns:
            The warning that says so; None where it was forgotten already.
        """
        with self._tx.change():
            encoder = self._spaces.refill(info)
            paths = [] if encoder else statements.lose_segment(self._tx.db, info.segment_id)
            if paths is None:
                return None
            self._tx.changed = True
        with translated(self._tx.path):
            recovery.quarantine(self._tx.path, info.file)
        if encoder:
            return f"segment {info.file} {reason}; sensorium index --add-space {encoder} makes it"
        return recovery.warning(info, reason, paths)


def _bytes(infos: list[SegmentInfo]) -> int:
    return sum(info.bytes for info in infos)
