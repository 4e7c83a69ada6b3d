"""The spaces of a library: ``library.spaces``. Wiring only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from engine.common.part_repr import part_repr
from engine.common.progress import CancelToken, Progress
from engine.common.progress_bar import watched
from engine.config import Settings
from engine.encoders import registry
from engine.encoders.towers import Towers
from engine.errors import EncoderUnavailable
from engine.query.maintenance import Maintenance
from engine.query.space_selection import find_text_space
from engine.store import Store
from engine.store.space_lookup import further, require_droppable

if TYPE_CHECKING:
    from engine.query.space_stats import SpaceStats
    from indexers.backfill import BackfillReport

# In the class, ``list`` is a method.
Names: TypeAlias = list[str]
Parts: TypeAlias = list[Towers]


class LibrarySpaces:
    """Lists spaces, adds one beside the others, makes one the default, and drops one.

    Args:
        towers_of: gives an encoder with its bridges, by its name.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        maintenance: Maintenance,
        towers_of: Callable[[str], Towers],
    ) -> None:
        self._store, self._settings = store, settings
        self._maintenance, self._towers_of = maintenance, towers_of
        self._together: tuple[Parts, Towers] | None = None

    def __repr__(self) -> str:
        return part_repr(self, self._store.path)

    def towers(self) -> Towers:
        """Return the towers of the default and of every other space that is searched, as one."""
        roles = [info.role for info in self._store.space_infos().values() if info.ready]
        default = self._store.encoder
        others = [r.encoder for r in roles if r is not None and r.encoder != default]
        if not others:
            return self._towers_of(default)
        from engine.encoders.multi import combine

        parts = [self._towers_of(encoder) for encoder in (default, *others)]
        if self._together is None or self._together[0] != parts:
            self._together = parts, combine(parts)
        return self._together[1]

    def way_to_more_languages(self) -> str | None:
        """Return in one line how the library gets more languages than English; None if it has."""
        from engine.encoders.languages import way_to_more_languages

        roles = [info.role for info in self._store.space_infos().values() if info.ready]
        ready = {role.encoder for role in roles if role is not None}
        return way_to_more_languages(self._store.encoder, ready)

    def costs(self) -> dict[str, str]:
        """Return what embedding servers were asked for since this library was opened, by encoder.

        Those that were asked for nothing are left out, and so is what runs here.
        """
        found = {}
        for info in self._store.space_infos().values():
            if info.role is not None:
                with suppress(EncoderUnavailable):
                    spent = getattr(self._towers_of(info.role.encoder).encoder, "spent", None)
                    if spent is not None and spent.requests:
                        found[info.role.encoder] = str(spent)
        return found

    def list(self) -> list[SpaceStats]:
        """Return every space, and counts of its content."""
        from engine.query.space_stats import space_stats

        return space_stats(self._store)

    def add(
        self,
        encoder: str,
        *,
        wait: bool = False,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
    ) -> BackfillReport:
        """Fill a space of another encoder from the originals, while the default serves.

        A run that was cut off goes on where it was; one of a space that is there looks
        again at what lacks a vector.

        Raises:
            EncoderUnavailable: the encoder cannot be had; nothing has been written then.
            LibraryBusy: another process is writing, and ``wait`` was not asked.
            SpaceMismatch: the space is there by another revision, or was dropped meanwhile.
        """
        from indexers.backfill import fill

        towers = self._towers_of(registry.normalised(encoder))
        towers.check()
        with watched(progress, cancel) as reporting:
            filled = fill(self._store, towers, self._settings, wait=wait, progress=reporting)
            self._maintenance.settle(wait, reporting)
        return filled

    def fill_new(self, wait: bool, progress: Progress) -> None:
        """Fill what the encoders have got beside their spaces since the library was made.

        Such is a further space of pictures, which a later version brought; what it is in place
        of goes then.
        """
        from indexers.backfill import fill

        known = self._store.space_infos()
        for info in known.values():
            if info.role is None or not info.ready:
                continue
            towers = self._towers_of(info.role.encoder)
            current = {space.name for space in towers.further}
            if current <= known.keys():
                continue
            fill(self._store, towers, self._settings, wait=wait, progress=progress)
            for former in set(further(info, known.values())) - current:
                self._maintenance.drop_space(former, wait)

    def set_default(self, name: str, *, wait: bool = False) -> str:
        """Ask texts in this space from now on; returns its full name.

        Raises:
            UsageError: there is none, it is not filled, or holds some modalities alone.
        """
        full = self._full_name(name)
        with self._store.writer(wait=wait) as writer:
            writer.set_default(full)
        return full

    def may_drop(self, name: str) -> None:
        """Raise ``UsageError`` unless there is such a space, and it is not the default."""
        require_droppable(find_text_space(name, self._store.space_infos()))

    def drop(self, name: str, *, wait: bool = False) -> Names:
        """Remove a space with all that is in it, and return the names of what went.

        These are its own, and those of the spaces of likeness that it had to itself.

        Raises:
            UsageError: there is none, or it is the default.
        """
        return self._maintenance.drop_space(self._full_name(name), wait)

    def _full_name(self, name: str) -> str:
        return find_text_space(name, self._store.space_infos()).space.name
