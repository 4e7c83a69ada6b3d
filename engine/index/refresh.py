"""Fold what the log has brought into new snapshots.

The log is read at one generation, and copied; all that takes long happens after that,
beside readers and writers. A moment that dies meanwhile is a tombstone when the new
snapshot is opened, because no compaction runs in between.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.common.progress import NO_PROGRESS, Progress
from engine.index import disk
from engine.index.allowed import Allowed
from engine.index.build import BuildOptions, SnapshotWriter, build_snapshot
from engine.index.inventory import is_worn
from engine.index.snapshot import Manifest, Snapshot
from engine.store import Store
from engine.store.records import SegmentInfo
from engine.store.segments import Stored
from engine.types import Modality, Space
from engine.types.arrays import MomentIds, Vectors


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The snapshot that a refresh made of one modality of one space."""

    space: str
    modality: Modality
    about: Manifest
    grown: bool
    """True if it kept the lists and codes of the snapshot before it."""


def refresh(
    store: Store,
    space: Space,
    texts: Vectors | None,
    wanted: BuildOptions,
    *,
    anew: bool = False,
    progress: Progress = NO_PROGRESS,
) -> list[Refreshed]:
    """Make new snapshots of all that a space holds. Only inside ``disk.refreshing``.

    Args:
        texts: queries in this space, where it has a text tower: recall is measured on
            them as well.
        anew: keep nothing of the snapshots before.
        progress: receives a line for each index that is made, and what is done of it. Where it
            cancels, the snapshots before stay as they were.
    """
    shelf = None if anew else disk.newest(store.path, space, strict=True)
    parts = {m: _Part(store, m, shelf) for m in Modality}
    # After the ids, so that no id is wanted that this stretch of the log has not.
    log = store.segments(space.name)
    level = disk.SnapshotLevel(
        space.name, space.revision, space.dim, log[-1].segment_id if log else 0
    )
    with disk.replacing(store.path, level) as folder:
        _copy(store, log, shelf, parts, folder, progress)
        return [
            made
            for part in parts.values()
            if (made := part.made(space, folder, texts, wanted, progress)) is not None
        ]


def _copy(
    store: Store,
    log: list[SegmentInfo],
    shelf: disk.SnapshotSet | None,
    parts: Mapping[Modality, _Part],
    folder: Path,
    progress: Progress,
) -> None:
    """Read the log once, and hand its living rows to their modalities."""
    since = 0 if shelf is None else shelf.level.watermark
    if any(part.anew for part in parts.values()):
        since = 0
    fresh = [info for info in log if info.segment_id > since]
    progress.start("reading new vectors", len(fresh), "segments")
    try:
        for info in fresh:
            ids, vectors = store.read_stored(info)
            for part in parts.values():
                part.take(folder, ids, vectors)
            progress.advance()
        for part in parts.values():
            part.finish()
    finally:
        for part in parts.values():
            part.close()


class _Part:
    """One modality on its way from the snapshot before to the next."""

    def __init__(self, store: Store, modality: Modality, shelf: disk.SnapshotSet | None) -> None:
        self.modality = modality
        self._base = None if shelf is None else shelf.snapshots.get(modality)
        self.anew = self._base is not None and _is_worn(store, self._base)
        """Whether it needs the log from its beginning."""
        if self.anew:
            self._base = None
        alive = store.moment_ids(modalities=(modality,))
        known = (
            np.zeros(len(alive), np.bool_) if self._base is None else self._base.places(alive)[0]
        )
        self._new = Allowed(alive[~known])
        self._copy: SnapshotWriter | None = None

    def take(self, folder: Path, ids: MomentIds, vectors: Stored) -> None:
        """Copy those rows that are new here."""
        new = self._new.mask(ids)
        if new.any():
            if self._copy is None:
                self._copy = SnapshotWriter(folder / self.modality.value, self._base)
            self._copy.append(ids[new], vectors[new])

    def finish(self) -> None:
        """Finish the copy, once all rows have been taken."""
        if self._copy is not None:
            self._copy.finish()

    def close(self) -> None:
        """Close the files, finished or not."""
        if self._copy is not None:
            self._copy.close()

    def made(
        self,
        space: Space,
        folder: Path,
        texts: Vectors | None,
        wanted: BuildOptions,
        progress: Progress,
    ) -> Refreshed | None:
        """Make the snapshot: built, linked where nothing is new, None where there is nothing."""
        here, base = folder / self.modality.value, self._base
        if self._copy is not None:
            progress.message(f"{space.name}: indexing {self.modality.value} vectors")
            progress.start(f"indexing {self.modality.value} vectors", None, "vectors")
            about = build_snapshot(here, space.dim, texts, wanted, base, progress)
            grown = base is not None and about.trained_on == base.about.trained_on
            return Refreshed(space.name, self.modality, about, grown)
        if base is None:
            return None
        here.mkdir()
        for file in base.folder.iterdir():
            os.link(file, here / file.name)
        return Refreshed(space.name, self.modality, base.about, grown=True)


def _is_worn(store: Store, base: Snapshot) -> bool:
    """Tell whether too much of a snapshot is dead to build on it."""
    return is_worn(int(base.places(store.tombstones())[0].sum()), len(base))
