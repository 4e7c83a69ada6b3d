"""What keeps searches fast and scores comparable: segments, indexes, backgrounds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from engine.config import Settings
from engine.errors import LibraryBusy
from engine.index import disk, gpu
from engine.query.search import Searcher
from engine.store import Store, thumbnails
from engine.types import Space, Vectors

if TYPE_CHECKING:
    from engine.index.build import Wanted
    from engine.index.refresh import Refreshed
    from engine.store.compact import Compaction

Said: TypeAlias = Callable[[str], None]
_LOOSE = 16
"""Segments a space past which a run compacts: every one costs each start a read."""


def silent(_: str) -> None:
    """What is said to nobody."""


class Upkeep:
    """What is done to a library beside writing and searching. ``wait`` is for another
    process that does the same, which else is an error."""

    def __init__(self, store: Store, settings: Settings, searcher: Searcher) -> None:
        self._store = store
        self._settings = settings
        self._searcher = searcher

    def settle(self, wait: bool, said: Said = silent) -> None:
        """After a change: tidy segments, bring indexes and backgrounds up to it.

        Another process may be in the way; the next run makes up for what is left.
        """
        with suppress(LibraryBusy):
            if len(self._store.all_segments()) > _LOOSE * max(len(self._store.spaces()), 1):
                self.compact(wait)
        with suppress(LibraryBusy):
            self.refresh(wait, said)
        self.calibrate(wait)

    def compact(self, wait: bool) -> Compaction:
        """Drop the vectors of deleted moments, and merge small segments."""
        path = self._store.path
        with disk.refreshing(path, wait), self._store.writer(wait=wait) as writer:
            return writer.compact(lambda ids: disk.holding(path, ids))

    def rebuild(self, wait: bool, said: Said = silent) -> int:
        """Make again what is derived; returns the number of moments."""
        gpu.device(self._settings)  # where that cannot be had, nothing is thrown away
        with self._store.writer(wait=wait) as writer:
            count = writer.rebuild_words()
            thumbnails.drop(self._store.path)
        with disk.refreshing(self._store.path, wait):
            disk.drop(self._store.path)
        self._searcher.make_level(self._store.spaces().values())
        self.refresh(wait, said)
        self.calibrate(wait)
        return count

    def refresh(self, wait: bool, said: Said = silent, *, always: bool = False) -> list[Refreshed]:
        """Fold what was committed into the indexes on disk, where enough has changed."""
        from engine.index.refresh import is_due, refresh

        spaces = self._store.spaces()
        self._searcher.make_level(spaces.values())
        due = [
            space
            for name, space in spaces.items()
            if (held := self._searcher.indexes[name].indexes.values())
            and (always or any(map(is_due, held)))
        ]
        if not due:
            return []
        made: list[Refreshed] = []
        with disk.refreshing(self._store.path, wait):
            for space in due:
                phrases, wanted = self._phrases(space), self._wanted()
                made += refresh(self._store, space, phrases, wanted, said=said)
        self._searcher.make_level(due)
        return made

    def _phrases(self, space: Space) -> Vectors | None:
        """The bank of phrases in this space, where it has a text tower."""
        towers = self._searcher.towers
        if space.name != towers.shared.name:
            return None
        from engine.query.phrases import phrases

        return towers.encoder.embed_texts(phrases())

    def _wanted(self) -> Wanted:
        from engine.index.build import Wanted

        settings = self._settings
        device = gpu.device(settings)
        return Wanted(settings.recall, settings.index_memory, settings.threads, device)

    def calibrate(self, wait: bool) -> None:
        """Estimate the backgrounds anew, unless they are those of what is committed.

        The catalog knows for which generation they were estimated. So a run that was
        cut off before this, or that another writer kept out, is made up for by the next.
        """
        if self._store.calibrated():
            return
        from engine.query.background import estimate_all

        searcher, generation = self._searcher, self._store.generation()
        searcher.make_level(self._store.spaces().values())
        with searcher.guard.reading():
            levels = [index.generation for index in searcher.indexes.values()]
            backgrounds = estimate_all(searcher.indexes, searcher.towers)
        with suppress(LibraryBusy), self._store.writer(wait=wait) as writer:
            writer.set_backgrounds(backgrounds, min(levels, default=generation))
