"""The base of the facade: open a library, index into it, maintain it. Wiring only."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack

from engine.common.choices import OnFile, Vanished
from engine.common.progress import CancelToken, Progress
from engine.common.progress_bar import watched
from engine.common.user_path import path_list, resolved
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.index.lost_pages import guarded_indexes
from engine.library.open import OpenOptions, library_towers, open_store
from engine.library.search import LibrarySearch
from engine.library.spaces import LibrarySpaces
from engine.query.maintenance import Maintenance
from engine.query.search import Searcher
from engine.store import Store
from engine.store.index_roots import drop_roots, index_roots
from engine.store.index_rules import RuleChanges, RuleOptions
from engine.store.running import announced
from engine.types import Failure, IndexReport

if TYPE_CHECKING:
    from engine.index.refresh import Refreshed
    from engine.store.compaction import Compaction
    from engine.store.job_records import JobRecords

Watch = bool | Progress
"""True for a progress bar, or a ``Progress`` of the caller's own."""


class BaseLibrary:
    """A library that is opened, indexed and maintained.

    ``Library`` adds all else, and says what holds for all calls.
    """

    def __init__(self, store: Store, settings: Settings, towers: Towers | None = None) -> None:
        """Use ``open``, which makes the store."""
        self.store = store
        self.settings = settings
        self._towers = library_towers(store, settings, towers)
        self.searcher = Searcher(store, settings, self.towers_of)
        self._search = LibrarySearch(store, settings, self.searcher)
        self.maintenance = Maintenance(store, settings, self.searcher)
        self.spaces = LibrarySpaces(store, settings, self.maintenance, self.towers_of)

    @classmethod
    def open(
        cls,
        path: str | Path | None = None,
        *,
        create: bool = False,
        encoder: str | None = None,
        catalog: str | None = None,
        settings: Settings | None = None,
    ) -> Self:
        """Open the library at ``path``, or the one that the settings name.

        Args:
            create: make it where there is none.
            encoder: of a new library (default ``compact``); an existing library
                keeps its own, and another name is an error.
            catalog: ``postgresql+psycopg://user@host/database``, where a new library has
                its catalog; None for a file in the folder. An existing library knows
                where its own is, and another place is an error.

        Raises:
            LibraryNotFound: there is none, and ``create`` is false.
            NotALibrary: the folder holds something else.
            EncoderUnavailable: the encoder of a new library cannot be built;
                nothing has been written then.
            UsageError: the library has another encoder or catalog, or ``catalog`` is no
                such URL, or holds a password.
            CatalogUnreachable: the server of the catalog does not let us in.
        """
        return cls(*open_store(OpenOptions(path, create, encoder, catalog, settings)))

    def close(self) -> None:
        """Close the catalog. The object is of no use afterwards."""
        self.searcher.close()
        self.store.close()

    def guarded_indexes(self) -> AbstractContextManager[None]:
        """Make a page of a mapped index that is lost in this context an error, and no signal."""
        return guarded_indexes(self.store.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path} ({self.encoder})>"

    @property
    def path(self) -> Path:
        """The folder of the library, absolute."""
        return self.store.path

    @property
    def encoder(self) -> str:
        """The name of the encoder of the default space."""
        return self.store.encoder

    @property
    def warnings(self) -> tuple[str, ...]:
        """Repairs that opening the library made, one line each."""
        return tuple(self.store.warnings)

    @property
    def towers(self) -> Towers:
        """The encoder of the default space and its bridges, as the library has them now;
        their weights load at first use."""
        return self._towers.now()

    def towers_of(self, encoder: str) -> Towers:
        """Return an encoder and its bridges, by its name; weights load at first use.

        Raises:
            EncoderUnavailable: no encoder has that name.
        """
        return self._towers.of(encoder)

    @property
    def jobs(self) -> JobRecords:
        """The records of jobs that servers run, and ran, for this library."""
        from engine.store.job_records import JobRecords

        return JobRecords(self.path)

    def roots(self) -> list[str]:
        """Return the outermost folders that the library was indexed from, by their real paths."""
        return index_roots(self.store)

    # --- writing --------------------------------------------------------------

    def index(
        self,
        paths: Sequence[str | Path] | str | Path,
        *,
        retry: bool = False,
        wait: bool = False,
        vanished: Vanished = "refuse",
        on_file: OnFile | None = None,
        progress: Watch = False,
        cancel: CancelToken | None = None,
        **rules: Unpack[RuleOptions],
    ) -> IndexReport:
        """Bring the library up to date with files and folders.

        Args:
            paths: files and folders; one alone need be in no list.
            retry: also try files again that failed before and have not changed.
            wait: wait for another writer instead of raising ``LibraryBusy``.
            vanished: what to do where a folder turned up empty, or more than half of it is
                gone: ``refuse``; ``keep`` what it held as missing, hidden from searches,
                until it is seen again; or ``forget`` what is not there.
            on_file: called with the path of each file that was not unchanged, and what became
                of it: ``added``, ``skipped: pdf``.
            rules: what is taken in below ``paths``, remembered for later runs: ``exclude``,
                patterns as in .gitignore, which are added to those of before unless
                ``forget_exclude``; ``follow_links``; ``hidden``; ``gitignore``.

        Raises:
            PathNotFound: one of ``paths`` does not exist; nothing is written then.
            UsageError: a pattern of ``exclude`` is none; nothing is written then.
            FilesVanished: as ``vanished`` says; nothing is written then.
            LibraryBusy: another process is writing.
            Cancelled: ``cancel`` was; files that were finished by then are committed.
        """
        from indexers.pipeline import run

        changes = RuleChanges.of(rules)
        with watched(progress, cancel) as watch, announced(self.path, watch) as reporting:
            self.spaces.fill_new(wait, reporting)
            report = run(
                self.store, self.spaces.towers(), path_list(paths), self.settings,
                retry=retry, wait=wait, vanished=vanished, changes=changes, on_file=on_file,
                progress=reporting,
            )  # fmt: skip
            self.maintenance.settle(wait, reporting)
            return self._read_texts(report, path_list(paths), wait, reporting)

    def _read_texts(
        self, report: IndexReport, paths: Sequence[str | Path], wait: bool, progress: Progress
    ) -> IndexReport:
        """Read the text in pictures and videos, which can be searched by then."""
        from indexers.reading import read_texts

        read = read_texts(self.store, self.spaces.towers(), paths, self.settings, progress=progress)
        if read.moments:
            self.maintenance.settle(wait, progress)
        return read.added_to(report)

    def retry(
        self,
        *,
        reason: str | None = None,
        wait: bool = False,
        on_file: OnFile | None = None,
        progress: Watch = False,
        cancel: CancelToken | None = None,
    ) -> IndexReport:
        """Try every failed file again, and forget those that are gone.

        Args:
            reason: only files that failed for it, as ``failure_reasons`` has it; none may be
                left that did.
            on_file: as for ``index``.

        Raises:
            LibraryBusy: another process is writing, and ``wait`` was not asked.
        """
        from engine.library.views import reason_of
        from indexers.pipeline import retry_failures

        def only(failure: Failure) -> bool:
            return reason is None or reason_of(failure) == reason

        failed = [failure.path for failure in self.store.failures() if only(failure)]
        with watched(progress, cancel) as reporting:
            report = retry_failures(
                self.store, self.spaces.towers(), self.settings, only=only, wait=wait,
                on_file=on_file, progress=reporting,
            )  # fmt: skip
            self.maintenance.settle(wait, reporting)
            return self._read_texts(report, failed, wait, reporting)

    def remove(self, path: str | Path, *, wait: bool = False) -> int:
        """Forget a file, or all files below a folder; the files themselves stay.

        It loads no encoder, so the backgrounds wait for the next ``index``.

        Returns how many assets were forgotten.
        """
        under = str(resolved(path))
        with self.store.writer(wait=wait) as writer:
            missing = [asset.asset_id for asset in self.store.missing([under])]
            known = [asset.asset_id for asset in self.store.assets([under])]
            with writer.transaction():
                removed = writer.forget_missing(missing) + writer.remove(known)
            drop_roots(self.store, under)
            return removed

    def compact(
        self, *, wait: bool = False, progress: Watch = False, cancel: CancelToken | None = None
    ) -> Compaction:
        """Drop the vectors of deleted moments, and merge small segments.

        What is merged by the time that it is cancelled stays so.

        Raises:
            LibraryBusy: another process writes, or refreshes an index.
        """
        with watched(progress, cancel) as reporting:
            return self.maintenance.compact(wait, reporting)

    def rebuild(
        self, *, wait: bool = False, progress: Watch = False, cancel: CancelToken | None = None
    ) -> int:
        """Make again what is derived: the full text index, the indexes, the backgrounds.

        Thumbnails are thrown away, and made again when they are asked for.

        Returns the number of moments.
        """
        with watched(progress, cancel) as reporting:
            return self.maintenance.rebuild(wait, reporting)

    def refresh(
        self,
        *,
        wait: bool = False,
        always: bool = False,
        progress: Watch = False,
        cancel: CancelToken | None = None,
    ) -> list[Refreshed]:
        """Fold what was committed into the indexes on disk, where enough has changed.

        Searches go on meanwhile, here and in other processes, and are exact for what is
        not folded in yet. A small library needs no index on disk, and gets none.

        Args:
            always: also where searches would gain little.

        Raises:
            LibraryBusy: another process is at it, and ``wait`` was not asked.
        """
        with watched(progress, cancel) as reporting:
            return self.maintenance.refresh(wait, reporting, always=always)

    def refresh_in_background(self) -> Thread:
        """Start ``refresh`` in a thread of its own, for a process that goes on serving.

        What goes wrong is logged; the next refresh makes up for it.
        """
        return self.maintenance.refresh_in_background()
