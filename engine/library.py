"""The facade: open a library, index into it, search it. Wiring only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Unpack

from engine.common.progress import CancelToken, Progress
from engine.common.progress_bar import watched
from engine.config import Settings
from engine.encoders import registry
from engine.encoders.towers import Towers
from engine.errors import LibraryNotFound
from engine.index import disk
from engine.library_open import OpenOptions, library_towers, open_store, preview
from engine.library_search import LibrarySearch, SearchOptions
from engine.library_spaces import LibrarySpaces
from engine.query.examples import local
from engine.query.language.build_query import Options, kinds_of, query_of, with_options
from engine.query.maintenance import Maintenance
from engine.query.search import OnPlan, Searcher
from engine.store import Store
from engine.types import (
    ExportFormat,
    Failure,
    ImportFormat,
    IndexReport,
    Kind,
    Modality,
    PartKind,
    Plan,
    Query,
    QueryPart,
    SearchResult,
)

if TYPE_CHECKING:
    from engine.align.service import Alignment
    from engine.classify.classification import Classification, LibraryLinks, TagRun
    from engine.classify.evaluate import Evaluation
    from engine.classify.labels import Label, LabelSource
    from engine.classify.service import ClassifyArguments, OnResults, Paths
    from engine.classify.truth import TruthSource
    from engine.curate.service import Curation
    from engine.exchange.export import ExportReport
    from engine.exchange.import_dataset import ImportReport
    from engine.exchange.service import ExchangeContext, ImportArguments
    from engine.index.refresh import Refreshed
    from engine.index.snapshot import Manifest
    from engine.library_views import LibraryDescription
    from engine.store import LibraryStats
    from engine.store.compaction import Compaction
    from engine.store.verify import VerifyReport

Watch = bool | Progress
"""True for a progress bar, or a ``Progress`` of the caller's own."""


class Library:
    """A folder that holds all of the state: catalog, vectors, and what derives from them.

    All methods may be called from many threads, and while another process writes to the
    library: a search sees everything that was committed before it began. ``asearch`` and
    ``asimilar`` are for an event loop; every other call goes there by
    ``await asyncio.to_thread(library.index, paths)``.

    Calls that take long accept ``progress``, which is True for a progress bar or a
    ``Progress`` of the caller's own, and ``cancel``, a ``CancelToken``: once it is
    cancelled, from any thread, they keep what they have committed and raise ``Cancelled``.
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
    ) -> Library:
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

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Library {self.path} ({self.encoder})>"

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
    def align(self) -> Alignment:
        """Learning of where sounds lie in the shared space."""
        from engine.align.service import Alignment

        return Alignment(self.store, self._towers, self.maintenance.settle)

    @cached_property
    def curate(self) -> Curation:
        """Finding duplicates, outliers, faults and more, and acting on what was found."""
        from engine.curate.service import Curation

        return Curation(self.store, self.settings, self._towers.now, self.thumbnail)

    # --- writing --------------------------------------------------------------

    def index(
        self,
        paths: Sequence[str | Path],
        *,
        retry: bool = False,
        wait: bool = False,
        progress: Watch = False,
        cancel: CancelToken | None = None,
    ) -> IndexReport:
        """Bring the library up to date with files and folders.

        Args:
            retry: also try files again that failed before and have not changed.
            wait: wait for another writer instead of raising ``LibraryBusy``.

        Raises:
            PathNotFound: one of ``paths`` does not exist; nothing is written then.
            LibraryBusy: another process is writing.
            Cancelled: ``cancel`` was; files that were finished by then are committed.
        """
        from indexers.pipeline import run

        with watched(progress, cancel) as reporting:
            report = run(
                self.store, self.spaces.towers(), paths, self.settings,
                retry=retry, wait=wait, progress=reporting,
            )  # fmt: skip
            self.maintenance.settle(wait, reporting)
        return report

    def retry(
        self, *, wait: bool = False, progress: Watch = False, cancel: CancelToken | None = None
    ) -> IndexReport:
        """Try every failed file again, and forget those that are gone.

        Raises:
            LibraryBusy: another process is writing, and ``wait`` was not asked.
        """
        from indexers.pipeline import retry_failures

        with watched(progress, cancel) as reporting:
            report = retry_failures(
                self.store, self.spaces.towers(), self.settings, wait=wait,
                progress=reporting,
            )  # fmt: skip
            self.maintenance.settle(wait, reporting)
        return report

    @staticmethod
    def preview(
        paths: Sequence[str | Path],
        path: str | Path | None = None,
        *,
        encoder: str | None = None,
        catalog: str | None = None,
        settings: Settings | None = None,
    ) -> IndexReport:
        """Return what ``index`` would do, of a library that need not exist; index nothing.

        A library that is there is opened, and so recovered where a crash left something.
        """
        return preview(paths, OpenOptions(path, False, encoder, catalog, settings))

    def remove(self, path: str | Path, *, wait: bool = False) -> int:
        """Forget a file, or all files below a folder; the files themselves stay.

        It loads no encoder, so the backgrounds wait for the next ``index``.

        Returns how many assets were forgotten.
        """
        under = str(Path(path).expanduser().resolve())
        with self.store.writer(wait=wait) as writer:
            return writer.remove([asset.asset_id for asset in self.store.assets([under])])

    def compact(self, *, wait: bool = False) -> Compaction:
        """Drop the vectors of deleted moments, and merge small segments.

        Raises:
            LibraryBusy: another process writes, or refreshes an index.
        """
        return self.maintenance.compact(wait)

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
        """Check the library against itself, and change nothing; ``deep`` reads all of it."""
        from engine.index.check import check
        from engine.store.verify import verify

        with watched(progress, cancel) as reporting:
            reporting.start("checking the catalog", unit="segments")
            found = verify(self.store, deep=deep)
            reporting.start("checking the indexes", unit="indexes")
            return replace(found, problems=(*found.problems, *check(self.store, deep=deep)))

    def snapshots(self) -> list[tuple[str, Modality, Manifest]]:
        """List the indexes on disk: of what space and modality, and how they were tuned."""
        return disk.snapshots(self.store.path, self.store.spaces())

    def failures(
        self, *, skip: int = 0, limit: int | None = None, retryable: bool | None = None
    ) -> list[Failure]:
        """List the files that could not be indexed, and why.

        Args:
            skip: how many to pass over, for a page that is not the first.
            limit: how many at most; None for all.
            retryable: only those of which trying again may, or will not, help.
        """
        found = [
            failure
            for failure in self.store.failures()
            if retryable is None or failure.retryable is retryable
        ]
        return found[skip : None if limit is None else skip + limit]

    @staticmethod
    def query(text: str | Sequence[str] | None = None, **options: Unpack[SearchOptions]) -> Query:
        """Return the query that ``search`` would run, for ``run``.

        Args:
            text: as for ``search``, or as the words of a command line.
        """
        return query_of(text, **options)

    def search(
        self,
        text: str | None = None,
        *,
        image: str | Path | None = None,
        audio: str | Path | None = None,
        exclude: Sequence[str] | str = (),
        kinds: Sequence[Kind | str] | str = (),
        where: Sequence[str] | str = (),
        top: int = 20,
        **options: Unpack[Options],
    ) -> SearchResult:
        """Find moments by a text, an example picture, an example sound, or a mix of them.

        Args:
            text: in the query language (docs/language.md); ``quoted`` makes any text stand
                for itself.
            exclude: texts whose likeness counts against a moment.
            kinds: only these kinds of assets; empty means all.
            where: filters, such as ``date >= 2024 and tags has beach``.
            top: how many hits at most.
            options: how to fuse, weigh and group; see ``Options``.

        Raises:
            InvalidQuery: nothing was asked, or an example cannot be read.
            QuerySyntax: ``text`` or ``where`` is not understood; says where.
        """
        return self.run(
            query_of(
                text, image=image, audio=audio, exclude=exclude, kinds=kinds, where=where,
                top=top, **options,
            )
        )  # fmt: skip

    async def asearch(
        self, text: str | None = None, **options: Unpack[SearchOptions]
    ) -> SearchResult:
        """Run ``search`` in a thread, beside the event loop."""
        from asyncio import to_thread

        return await to_thread(self.search, text, **options)

    def similar(
        self,
        path: str | Path,
        *,
        kinds: Sequence[Kind | str] | str = (),
        top: int = 20,
        on_plan: OnPlan | None = None,
        **options: Unpack[Options],
    ) -> SearchResult:
        """Find moments that look or sound like a file, best first, the file itself left out."""
        file = local(path)
        example = Query((QueryPart(str(file), PartKind.FILE),), kinds=kinds_of(kinds), top=top)
        return self.run(
            with_options(replace(example, likeness=True), **options),
            leave_out=str(file.resolve()),
            on_plan=on_plan,
        )

    async def asimilar(
        self,
        path: str | Path,
        *,
        kinds: Sequence[Kind | str] | str = (),
        top: int = 20,
        **options: Unpack[Options],
    ) -> SearchResult:
        """Run ``similar`` in a thread, beside the event loop."""
        from asyncio import to_thread

        return await to_thread(self.similar, path, kinds=kinds, top=top, **options)

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

    # --- labels -----------------------------------------------------------------

    def classify(
        self,
        labels: LabelSource,
        *,
        paths: Paths | None = None,
        kinds: Sequence[Kind | str] | str = (),
        unknown: bool = False,
        multi: bool = False,
        threshold: float | None = None,
        examples: str | Path | None = None,
        templates: str | Path | None = None,
        top: int | None = None,
        out: str | Path | None = None,
        on_results: OnResults | None = None,
        apply_tags: bool = False,
        wait: bool = False,
        command: str | None = None,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
    ) -> Classification:
        """Give each file the label that fits it best, by words alone (docs/classify.md).

        Args:
            labels: names; a mapping of names to further descriptions; or the path of a file
                with a label on each line.
            paths: only files at and below these, which are indexed first where they are
                new; None for all that the library holds.
            kinds: only these kinds of files; empty means all.
            unknown: let a file be none of the labels.
            multi: decide each label by itself, so that a file may have several, or none.
            threshold: the probability below which a label is not given; by default 0.5
                where ``unknown`` or ``multi`` is set, and else 0.
            examples: a folder with a folder of files for each label, to learn from.
            templates: ``default``, ``imagenet``, ``sound``, or a file of sentences.
            top: how many labels a result lists; by default 5, or 20 with ``multi``.
            out: a .parquet, .csv or .jsonl file for the results, which are not kept in
                memory then.
            on_results: is handed the results as they come, which are not kept then.
            apply_tags: tag the files with their labels; ``run.undo()`` takes it back.
            wait: wait for another writer instead of raising ``LibraryBusy``.
            command: what would make it again, recorded with the tags; by default this call.

        Raises:
            UsageError: a label, an option or a file cannot be used; nothing is written.
            PathNotFound: one of ``paths`` does not exist.
            SpaceMismatch: the library was made with other weights.
            LibraryBusy: another process writes, and there are files to index or to tag.
            Cancelled: ``cancel`` was; what was indexed by then stays.
        """
        from engine.classify import service

        request = service.request_of(
            labels, paths=paths, kinds=kinds, unknown=unknown, multi=multi, threshold=threshold,
            examples=examples, templates=templates, top=top, out=out,
        )  # fmt: skip
        delivery = service.Delivery(on_results, apply_tags, wait, command)
        context = service.ClassifyContext(
            self.store, self.settings, lambda: self.towers, self._index_reporting, self._links
        )
        with watched(progress, cancel) as reporting:
            return service.classify(context, request, delivery, reporting)

    @staticmethod
    def check_classify(labels: LabelSource, **arguments: Unpack[ClassifyArguments]) -> None:
        """Refuse arguments of ``classify`` that cannot be used, before a library is made.

        Raises:
            UsageError: a label, an option or a file cannot be used.
            PathNotFound: one of ``paths`` does not exist.
        """
        from engine.classify.service import request_of

        request_of(labels, **arguments)

    @staticmethod
    def parse_labels(text: str) -> list[Label]:
        """Parse labels between commas, such as ``cat,dog: a puppy,"a red, old car"``.

        Raises:
            UsageError: there is none, or one is there twice.
        """
        from engine.classify.labels import parse_labels

        return parse_labels(text)

    def apply_tags(self, classification: Classification, *, wait: bool = False) -> TagRun:
        """Tag the files of a classification, which may have been unpickled, with their labels.

        Returns a curation run whose ``undo`` takes the tags back.

        Raises:
            LibraryBusy: another process writes, and ``wait`` was not asked.
        """
        return self._links.give_tags(classification.tag_request(), wait)[0]

    def evaluate(
        self,
        results: Classification | str | Path,
        truth: TruthSource,
        report: str | Path | None = None,
    ) -> Evaluation:
        """Measure results against the truth.

        Args:
            results: a classification, or the file that one was written to.
            truth: a CSV file with the columns ``file`` and ``label``, or a mapping of file
                names to their label or labels; None for none of them.
            report: a page of HTML to write, with the pictures of the worst mistakes.

        Raises:
            UsageError: a file cannot be read or written, or the truth names what is not in
                the results.
        """
        from engine.classify.service import evaluate

        return evaluate(results, truth, report, self.thumbnail)

    @staticmethod
    def evaluate_results(results: Classification | str | Path, truth: TruthSource) -> Evaluation:
        """Measure results against the truth without a library, and so without pictures.

        Raises:
            UsageError: as for ``evaluate``.
        """
        from engine.classify.service import evaluate

        return evaluate(results, truth)

    def _index_reporting(
        self, paths: Sequence[Path], wait: bool, reporting: Progress
    ) -> IndexReport:
        return self.index(paths, wait=wait, progress=reporting)

    @property
    def _links(self) -> LibraryLinks:
        from engine.library_datasets import library_links

        return library_links(self.store, self.curate, self.thumbnail)

    # --- data sets --------------------------------------------------------------

    def export(
        self,
        out: str | Path,
        format: ExportFormat | str,  # noqa: A002
        *,
        kinds: Sequence[Kind | str] | str = (),
        where: Sequence[str] | str = (),
        query: str | None = None,
        top: int = 1000,
        run: int | None = None,
        spaces: Sequence[str] = (),
        vectors: bool | None = None,
        command: str | None = None,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
    ) -> ExportReport:
        """Write files, what is known of them, and their vectors to a new folder.

        It appears when all of it is written, with SHA256SUMS and a data card, README.md.
        Files that are gone or have changed since they were indexed are left out, and named.

        Args:
            out: a folder that does not exist, or is empty.
            format: see docs/exchange.md.
            kinds: only these kinds of files; empty means all.
            where: only files that pass these filters.
            query: only the files that a search for this finds.
            top: hits of ``query``, at most.
            run: only the files that this curation run selected, or found nothing against.
            spaces: only vectors of these spaces; empty means all that are searched.
            vectors: whether vectors go in; None for what the format does by default.
            command: what would make it again, for the data card; by default this call.

        Raises:
            UsageError: there is something at ``out``, or nothing to export.
            ExportFailed: the disk is full, or does not take it; nothing is left then.
            Cancelled: ``cancel`` was; nothing is left then.
        """
        from engine.exchange import service

        request = service.ExportRequest(
            Path(out), format, kinds, where, query, top, run, spaces, vectors
        )
        with watched(progress, cancel) as reporting:
            return service.export_library(self._exchange, request, command, reporting)

    def import_(
        self,
        source: str | Path,
        format: ImportFormat | str,  # noqa: A002
        *,
        wait: bool = False,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
        **options: Unpack[ImportArguments],
    ) -> ImportReport:
        """Take in a data set, with its captions, and its vectors where they are of this encoder.

        All of it is read first: where something is wrong with it, nothing is taken. Files
        without such vectors are embedded here.

        Args:
            source: a folder, or a tar.
            format: see docs/exchange.md.
            wait: wait for another writer instead of raising ``LibraryBusy``.
            options: ``to``, ``root``, ``skip_missing``, ``vectors_of``; see
                ``ImportArguments``.

        Raises:
            BadImport: the data set is not what its format says; nothing is written then.
            UsageError: an option cannot be used.
            ExportFailed: the folder ``to`` cannot be written; nothing of it is left.
            LibraryBusy: another process writes, and ``wait`` was not asked.
            Cancelled: ``cancel`` was; what was indexed by then stays.
        """
        from engine.exchange import service

        wanted = service.import_options(source, format, **options)
        with watched(progress, cancel) as reporting:
            return service.import_into(self._exchange, wanted, wait, reporting)

    @classmethod
    def import_new(
        cls,
        path: str | Path | None,
        source: str | Path,
        format: ImportFormat | str,  # noqa: A002
        *,
        encoder: str | None = None,
        catalog: str | None = None,
        settings: Settings | None = None,
        wait: bool = False,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
        **options: Unpack[ImportArguments],
    ) -> ImportReport:
        """Import into the library at ``path``, which is made once the data set was checked.

        The arguments are those of ``open`` and of ``import_``; a library that is there is
        used. Repairs that opening it made are among the notes of the report.

        Raises:
            BadImport: the data set is not what its format says; no library is made then.
        """
        from engine.exchange import service
        from engine.exchange.import_dataset import check_dataset

        wanted = service.import_options(source, format, **options)
        settings = settings or Settings.from_env()
        with watched(progress, cancel) as reporting:
            try:
                library = cls.open(path, encoder=encoder, catalog=catalog, settings=settings)
            except LibraryNotFound:
                towers = registry.towers(encoder or registry.DEFAULT, settings)
                dataset = check_dataset(towers, wanted, reporting)
                library = cls.open(
                    path, create=True, encoder=encoder, catalog=catalog, settings=settings
                )
                with library:
                    report = service.import_checked(library._exchange, dataset, wait, reporting)
            else:
                with library:
                    report = service.import_into(library._exchange, wanted, wait, reporting)
        return service.with_warnings(report, library.store.warnings)

    @property
    def _exchange(self) -> ExchangeContext:
        from engine.exchange.service import ExchangeContext

        return ExchangeContext(
            self.store, self.settings, lambda: self.towers, self.run, self.maintenance.settle
        )
