"""The base of the facade: open a library, index into it, search it. Wiring only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
from engine.index import disk
from engine.library_open import OpenOptions, library_towers, open_store
from engine.library_search import LibrarySearch, SearchOptions
from engine.library_spaces import LibrarySpaces
from engine.query.example_values import example_part
from engine.query.examples import own_file
from engine.query.language import QueryOptions, build_query, parse_kinds, with_options
from engine.query.maintenance import Maintenance
from engine.query.search import OnPlan, Searcher
from engine.store import Store
from engine.store.index_rules import RuleChanges, RuleOptions
from engine.store.running import announced
from engine.types import (
    Failure,
    Hit,
    IndexReport,
    Kind,
    Modality,
    PartKind,
    Plan,
    Query,
    SearchResult,
)

if TYPE_CHECKING:
    from engine.index.refresh import Refreshed
    from engine.index.snapshot import Manifest
    from engine.library_views import LibraryDescription
    from engine.query.concepts.concept import Concept
    from engine.query.concepts.service import Concepts
    from engine.query.hit_details import HitDetails
    from engine.store import LibraryStats
    from engine.store.compaction import Compaction
    from engine.store.verify import VerifyReport
    from engine.types.examples import Example, ExampleFile, Picture, Sound

Watch = bool | Progress
"""True for a progress bar, or a ``Progress`` of the caller's own."""


class BaseLibrary:
    """A library that is opened, indexed, searched and maintained.

    ``Library`` adds labels, curation and data sets, and says what holds for all calls.
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
        self, *, wait: bool = False, progress: Watch = False, cancel: CancelToken | None = None
    ) -> IndexReport:
        """Try every failed file again, and forget those that are gone.

        Raises:
            LibraryBusy: another process is writing, and ``wait`` was not asked.
        """
        from indexers.pipeline import retry_failures

        failed = [failure.path for failure in self.store.failures()]
        with watched(progress, cancel) as reporting:
            report = retry_failures(
                self.store, self.spaces.towers(), self.settings, wait=wait,
                progress=reporting,
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
                return writer.forget_missing(missing) + writer.remove(known)

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

    # --- names --------------------------------------------------------------------

    @property
    def concepts(self) -> Concepts:
        """The names that the library was taught: list, rename, forget, export and import them."""
        from engine.query.concepts.service import Concepts

        return Concepts(self.store, self.settings, self.searcher)

    def teach(
        self,
        name: str,
        examples: Sequence[str | Path] | str | Path,
        *,
        progress: Watch = False,
        cancel: CancelToken | None = None,
    ) -> Concept:
        """Teach a name by 3 to 30 examples; queries can use it at once.

        A name that is known gets the examples beside those that it has. Names are
        told by whole words in any case; quotes around one mean the plain text.

        Args:
            examples: pictures, videos, moments of videos (``clip.mp4#t=12``) and sounds, in
                the library or not.

        Raises:
            UsageError: there are too few or too many, one cannot be read, or the name cannot
                be one.
            Cancelled: ``cancel`` was; nothing was taught then.
        """
        with watched(progress, cancel) as reporting:
            return self.concepts.teach(name, examples, reporting)

    # --- reading --------------------------------------------------------------

    def stats(self) -> LibraryStats:
        """Return counts and sizes."""
        return self.store.stats()

    def describe(self) -> LibraryDescription:
        """Return counts and sizes with the spaces and the indexes on disk."""
        from engine.library_views import describe

        return describe(self.store)

    def verify(
        self,
        *,
        deep: bool = False,
        progress: Watch = False,
        cancel: CancelToken | None = None,
    ) -> VerifyReport:
        """Check the library against itself, and change nothing; ``deep`` reads all of it.

        Raises:
            Cancelled: ``cancel`` was; there is no report then.
        """
        from engine.index.verify import verify_indexes
        from engine.store.verify import verify

        with watched(progress, cancel) as reporting:
            found = verify(self.store, deep=deep, progress=reporting)
            more = verify_indexes(self.store, deep=deep, progress=reporting)
            return replace(found, problems=(*found.problems, *more))

    def snapshots(self) -> list[tuple[str, Modality, Manifest]]:
        """List the indexes on disk: of what space and modality, and how they were tuned."""
        return disk.snapshots(self.store.path, self.store.spaces())

    def failures(
        self,
        *,
        skip: int = 0,
        limit: int | None = None,
        retryable: bool | None = None,
        skipped: bool = False,
    ) -> list[Failure]:
        """List the files that could not be indexed, and why.

        Args:
            skip: how many to pass over, for a page that is not the first.
            limit: how many at most; None for all.
            retryable: only those of which trying again may, or will not, help.
            skipped: instead, the files that were passed over, of types that are known and
                not read, such as PDF and SVG.
        """
        listed = self.store.skipped_files() if skipped else self.store.failures()
        found = [
            failure for failure in listed if retryable is None or failure.retryable is retryable
        ]
        return found[skip : None if limit is None else skip + limit]

    @staticmethod
    def query(text: str | Sequence[str] | None = None, **options: Unpack[SearchOptions]) -> Query:
        """Return the query that ``search`` would run, for ``run``.

        Args:
            text: as for ``search``, or as the words of a command line.
        """
        return build_query(text, **options)

    def search(
        self,
        text: str | None = None,
        *,
        image: Picture | None = None,
        audio: Sound | None = None,
        video: ExampleFile | None = None,
        exclude: Sequence[str] | str = (),
        kinds: Sequence[Kind | str] | str = (),
        where: Sequence[str] | str = (),
        top: int = 20,
        **options: Unpack[QueryOptions],
    ) -> SearchResult:
        """Find moments by a text, an example picture, an example sound, or a mix of them.

        An example is a path or a URL, the bytes of a file, a hit, or else of a picture an array
        or a picture of PIL, and of a sound its (samples, rate); see ``engine.types.examples``.

        Args:
            text: in the query language (docs/language.md); ``quoted`` makes any text stand
                for itself.
            exclude: texts whose likeness counts against a moment.
            kinds: only these kinds of assets; empty means all.
            where: filters, such as ``date >= 2024 and tags has beach``.
            top: how many hits at most.
            options: how to fuse, weigh and group; see ``QueryOptions``.

        Raises:
            InvalidQuery: nothing was asked, or an example cannot be read.
            QuerySyntax: ``text`` or ``where`` is not understood; says where.
        """
        return self.run(
            build_query(
                text, image=image, audio=audio, video=video, exclude=exclude, kinds=kinds,
                where=where, top=top, **options,
            )
        )  # fmt: skip

    def similar(
        self,
        path: Example,
        *,
        kinds: Sequence[Kind | str] | str = (),
        top: int = 20,
        on_plan: OnPlan | None = None,
        **options: Unpack[QueryOptions],
    ) -> SearchResult:
        """Find moments that look or sound like an example, best first, its own file left out.

        Args:
            path: of a file, or of a moment of it (``clip.mp4#t=12``); a URL, which is fetched
                for the length of the call; or an example that is no path, as in ``search``.
        """
        part = example_part(path, PartKind.FILE, "path")
        example = Query((part,), kinds=parse_kinds(kinds), top=top, likeness=True)
        return self.run(with_options(example, **options), leave_out=own_file(part), on_plan=on_plan)

    def run(
        self,
        query: Query,
        *,
        leave_out: str | None = None,
        on_plan: OnPlan | None = None,
        progress: Watch = False,
        cancel: CancelToken | None = None,
    ) -> SearchResult:
        """Run a query.

        The first query for a reranker waits until its model is loaded, which is in no
        budget; where it has a deadline, the deadline is kept, and the model loads behind.

        Args:
            leave_out: a path whose moments are not shown.
            on_plan: called with the plan before it runs.

        Raises:
            InvalidQuery: the query asks for nothing, or an example cannot be read.
            UsageError: the reranker that it names is not installed or not configured.
        """
        with watched(progress, cancel) as reporting:
            return self._search.run(query, reporting, leave_out, on_plan)

    def remember(self, result: SearchResult) -> None:
        """Keep the hits of a search for ``last_search``, in the user's cache."""
        from engine.common.last_search import remember

        remember(result, self.settings.cache, self.path)

    def last_search(self) -> SearchResult | None:
        """Return the hits that were remembered last, as the command line does after each search.

        Of the query it has the words alone. None where nothing is remembered.
        """
        from engine.common.last_search import last_search

        found = last_search(self.settings.cache, self.path)
        return None if found is None else found.bound(self.thumbnail)

    def details(self, hit: Hit) -> HitDetails:
        """Return the facts of a hit's file, the words around it, and why it was found."""
        from engine.query.hit_details import hit_details

        return hit_details(self.store, hit)

    def explain(self, outcome: Plan | SearchResult) -> str:
        """Draw a plan, or what came of it, as a tree of lines."""
        from engine.query.explain_tree import plan_lines, result_lines

        lines = plan_lines if isinstance(outcome, Plan) else result_lines
        return "\n".join(lines(outcome))  # type: ignore[arg-type]

    def thumbnail(self, moment_id: int) -> bytes:
        """Return a JPEG of a moment, its longest side at most 320 pixels; the library keeps it.

        Raises:
            MediaError: its file cannot be read as it is now.
            KeyError: there is no such moment.
        """
        return self._search.thumbnail(moment_id)
