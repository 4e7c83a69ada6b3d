"""Keep searches fast and scores comparable: compact segments, refresh indexes, calibrate."""

from __future__ import annotations

import logging
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

from engine.common.progress import NO_PROGRESS, Progress, noting_what_is_kept
from engine.config import Settings
from engine.errors import LibraryBusy, LibraryUnavailable, SensoriumError
from engine.index import disk, gpu
from engine.query.search import Searcher
from engine.store import SpaceInfo, Store, failpoints, space_lookup, thumbnails
from engine.store.compaction import Compaction, loose
from engine.store.failpoints import FailPoint
from engine.types import Space
from engine.types.arrays import Vectors

if TYPE_CHECKING:
    from engine.encoders.towers import Towers
    from engine.index.build import BuildOptions
    from engine.index.refresh import Refreshed

_log = logging.getLogger(__name__)

_LOOSE = 16
"""Loose segments a space past which a run compacts: every one costs each start a read."""
_KEPT = (
    "what was indexed is kept, and searches find it; the next `sensorium index` makes the"
    " index on disk"
)


class Maintenance:
    """Compaction, refresh of the indexes, and calibration of a library.

    ``wait`` is for another process that does the same, which else is an error.
    """

    def __init__(self, store: Store, settings: Settings, searcher: Searcher) -> None:
        self._store = store
        self._settings = settings
        self._searcher = searcher

    def settle(self, wait: bool, progress: Progress = NO_PROGRESS) -> None:
        """After a change: tidy segments, bring indexes and backgrounds up to it.

        Another process may be in the way; the next run makes up for what is left.
        """
        try:
            self._store.require_segments()
            self._settle(wait, progress)
        except LibraryUnavailable as error:
            # What was committed is; the next run makes up for this too.
            _log.warning("the indexes are as they were: %s", error)

    def _settle(self, wait: bool, progress: Progress) -> None:
        with suppress(LibraryBusy):
            spaces = self._store.spaces()
            if loose(self._store.all_segments(), spaces) > _LOOSE * max(len(spaces), 1):
                self.compact(wait, progress)
        with suppress(LibraryBusy):
            self.refresh(wait, progress)
        self.calibrate(wait)

    def compact(self, wait: bool, progress: Progress = NO_PROGRESS) -> Compaction:
        """Drop the vectors of deleted moments, and merge small segments."""
        self._store.require_segments()
        path = self._store.path
        with disk.refreshing(path, wait), self._store.writer(wait=wait) as writer:
            return writer.compact(lambda ids: disk.holding(path, ids), progress=progress)

    def rebuild(self, wait: bool, progress: Progress = NO_PROGRESS) -> int:
        """Make again what is derived; returns the number of moments."""
        self._store.require_segments()
        gpu.device(self._settings)  # where that cannot be had, nothing is thrown away
        for info in self._text_spaces():
            self._towers_of(info).check()  # nor where an encoder is missing
        with self._store.writer(wait=wait) as writer:
            count = writer.rebuild_words()
            thumbnails.drop(self._store.path)
        with disk.refreshing(self._store.path, wait):
            disk.drop(self._store.path)
        self.refresh(wait, progress)
        self.calibrate(wait)
        return count

    def refresh(
        self, wait: bool, progress: Progress = NO_PROGRESS, *, always: bool = False
    ) -> list[Refreshed]:
        """Fold what was committed into the indexes on disk, where enough has changed."""
        from engine.index.inventory import take_inventory
        from engine.index.refresh import refresh

        self._store.require_segments()
        inventories = [
            take_inventory(self._store, space) for space in self._store.serving().values()
        ]
        due = [
            inventory.space
            for inventory in inventories
            if inventory.parts and (always or inventory.is_due())
        ]
        if not due:
            return []
        made: list[Refreshed] = []
        with noting_what_is_kept(lambda: _KEPT), disk.refreshing(self._store.path, wait):
            disk.drop_unknown_spaces(self._store.path, self._store.spaces())
            for space in due:
                phrases, wanted = self._phrases(space), self._wanted()
                made += refresh(self._store, space, phrases, wanted, progress=progress)
        return made

    def refresh_in_background(self, progress: Progress = NO_PROGRESS) -> Thread:
        """Start ``refresh`` in a thread of its own; what goes wrong is logged."""

        def work() -> None:
            try:
                self.refresh(False, progress)
            except SensoriumError as error:
                _log.warning("the indexes were not refreshed: %s", error)

        thread = Thread(target=work, name="sensorium-refresh", daemon=True)
        thread.start()
        return thread

    def _phrases(self, space: Space) -> Vectors | None:
        """Return the bank of phrases in this space, where texts are asked in it."""
        infos = self._store.space_infos()
        asked = [
            info
            for info in infos.values()
            if space.name in (info.space.name, *space_lookup.further(info, infos.values()))
            and info.role is not None
        ]
        if not asked:
            return None
        from engine.query.calibration.phrase_vectors import phrase_vectors

        return phrase_vectors(self._towers_of(asked[0]), self._settings, space.name)

    def _text_spaces(self) -> list[SpaceInfo]:
        """Return the spaces that texts query and that are searched."""
        infos = self._store.space_infos().values()
        return [info for info in infos if info.role is not None and info.ready]

    def _towers_of(self, info: SpaceInfo) -> Towers:
        assert info.role is not None
        return self._searcher.towers_of(info.role.encoder)

    def _wanted(self) -> BuildOptions:
        from engine.index.build import BuildOptions

        settings = self._settings
        device = gpu.device(settings)
        return BuildOptions(settings.recall, settings.index_memory, settings.threads, device)

    def calibrate(self, wait: bool) -> None:
        """Estimate the backgrounds anew, unless they are those of what is committed.

        The catalog knows for which generation they were estimated. So a run that was
        cut off before this, or that another writer kept out, is made up for by the next.
        """
        if self._store.calibrated():
            return
        from engine.index.inventory import draw_samples
        from engine.query.calibration.contrast import CONTRASTS
        from engine.query.calibration.estimate import SAMPLE, estimate_backgrounds
        from engine.query.calibration.phrase_vectors import contrast_vectors

        spaces, generation = self._store.serving(), self._store.generation()
        drawn = {name: draw_samples(self._store, space, SAMPLE) for name, space in spaces.items()}
        texts = {n: rows for n, s in spaces.items() if (rows := self._phrases(s)) is not None}
        samples = {name: rows for name, (_, rows) in drawn.items()}
        kinds = {
            (info.space.name, contrast): contrast_vectors(
                self._towers_of(info), self._settings, contrast
            )
            for info in self._text_spaces()
            for contrast in CONTRASTS
            if contrast.is_among(samples[info.space.name])
        }
        backgrounds = estimate_backgrounds(samples, texts, kinds)
        levels = [level for level, _ in drawn.values()]
        with suppress(LibraryBusy), self._store.writer(wait=wait) as writer:
            writer.set_backgrounds(backgrounds, min(levels, default=generation))

    def drop_space(self, name: str, wait: bool) -> list[str]:
        """Remove a space, its vectors, indexes and backgrounds; the names of what went.

        The indexes go first: they are derived, and the library is whole without them.
        """
        path = self._store.path
        with disk.refreshing(path, wait), self._store.writer(wait=wait) as writer:
            for dropped in writer.goes_with(name):
                disk.drop_space(path, dropped)
            failpoints.hit(FailPoint.DROP_BEGUN)
            gone = writer.drop_space(name)
        self._searcher.forget(gone)
        return gone
