"""Verify that the snapshots are what the log says, and change nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.common.progress import NO_PROGRESS, Progress
from engine.errors import LibraryCorrupt, LibraryUnavailable, StoreError
from engine.index import disk
from engine.index.snapshot import Snapshot
from engine.store import Store
from engine.store.verify import HealthProblem
from engine.types import Modality, Space

_WAY_OUT = "sensorium rebuild"


def verify_indexes(
    store: Store, *, deep: bool = False, progress: Progress = NO_PROGRESS
) -> Iterator[HealthProblem]:
    """Yield what is wrong with the indexes on disk, one line each.

    Quick: every file is there with its size, and no snapshot is ahead of the log. Deep:
    every row is a vector of the log, and every living vector up to the watermark a row.
    """
    progress.start("checking the indexes", unit="segments")
    with store.snapshot():
        for space in store.spaces().values():
            try:
                shelf = disk.opened(store.path, space)
            except LibraryUnavailable as error:  # which `rebuild` would not mend
                yield HealthProblem(error.code, str(error))
                continue
            except LibraryCorrupt as damage:
                yield _damaged(str(damage))
                continue
            if shelf is not None:
                yield from _ahead(store, space, shelf)
                if deep:
                    yield from _compared(store, space, shelf, progress)


def _damaged(what: str) -> HealthProblem:
    return HealthProblem("index_damaged", f"{what}; {_WAY_OUT}")


def _ahead(store: Store, space: Space, shelf: disk.SnapshotSet) -> Iterator[HealthProblem]:
    if shelf.level.watermark >= store.next_segment():
        last = store.next_segment() - 1
        yield _damaged(
            f"index {space.name} is level with segment {shelf.level.watermark}, and the log"
            f" has none past {last}"
        )


def _compared(
    store: Store, space: Space, shelf: disk.SnapshotSet, progress: Progress
) -> Iterator[HealthProblem]:
    """Read the log, and look for each of its rows.

    Past the watermark only merged segments have some that a snapshot holds, and none of those has
    to be there.
    """
    seen = {modality: np.zeros(len(s), np.bool_) for modality, s in shelf.snapshots.items()}
    missing = differing = 0
    unread = False
    for info in store.segments(space.name):
        progress.advance()
        due = info.segment_id <= shelf.level.watermark
        try:
            ids, vectors = store.read_segment(info)
        except StoreError:
            unread = True
            continue  # the log's own check names it
        alive, modalities = store.modalities(int(ids.min()), int(ids.max()))
        for name in np.unique(modalities):
            wanted = np.isin(ids, alive[modalities == name])
            snapshot = shelf.snapshots.get(Modality(str(name)))
            if snapshot is None:
                missing += due * int(wanted.sum())
                continue
            held, places = snapshot.places(ids[wanted])
            missing += due * int((~held).sum())
            kept = vectors[wanted][held].astype(np.float16).astype(np.float32)
            differing += int((snapshot.vectors(places) != kept).any(axis=1).sum())
            seen[Modality(str(name))][places] = True
    if missing:
        yield _damaged(f"index {space.name}: {missing} vectors are missing")
    if differing:
        yield _damaged(f"index {space.name}: {differing} vectors are not those of the log")
    if unread:
        return  # its rows may be those of a segment that could not be read
    for modality, snapshot in shelf.snapshots.items():
        yield from _stray(store, space, snapshot, ~seen[modality])


def _stray(
    store: Store, space: Space, snapshot: Snapshot, unseen: np.ndarray
) -> Iterator[HealthProblem]:
    """Yield rows that the log has not, unless their moments are dead."""
    stray = np.setdiff1d(snapshot.ids[unseen], store.tombstones(), assume_unique=True)
    if len(stray):
        yield _damaged(f"index {space.name}: {len(stray)} rows are of no moment")
