"""The facade: a library with labels, curation and data sets. Wiring only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from engine.common.choices import OnFile
from engine.common.progress import CancelToken, Progress
from engine.common.progress_bar import watched
from engine.common.user_path import existing, expanded
from engine.config import Settings
from engine.encoders import registry
from engine.errors import LibraryNotFound
from engine.library_base import BaseLibrary
from engine.library_open import OpenOptions, forget_lost, preview
from engine.library_search import SearchOptions
from engine.query.language import QueryOptions
from engine.store.index_rules import RuleChanges, RuleOptions
from engine.types import (
    Asset,
    ExportFormat,
    ImportFormat,
    IndexReport,
    Kind,
    MomentRecord,
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
    from engine.media.dates import DateClaim
    from engine.types.arrays import Vectors
    from engine.types.examples import Example


class Library(BaseLibrary):
    """A folder that holds all of the state: catalog, vectors, and what derives from them.

    All methods may be called from many threads, and while another process writes to the
    library: a search sees everything that was committed before it began. ``asearch`` and
    ``asimilar`` are for an event loop; every other call goes there by
    ``await asyncio.to_thread(library.index, paths)``.

    Calls that take long accept ``progress``, which is True for a progress bar or a
    ``Progress`` of the caller's own, and ``cancel``, a ``CancelToken``: once it is
    cancelled, from any thread, they keep what they have committed and raise ``Cancelled``.
    """

    @property
    def align(self) -> Alignment:
        """Learning of where sounds and pictures lie, from pairs and from captions."""
        from engine.align.service import Alignment

        keep = self.maintenance
        return Alignment(self.store, self._towers, self.settings, keep.settle, keep.drop_space)

    @cached_property
    def curate(self) -> Curation:
        """Finding duplicates, outliers, faults and more, and acting on what was found."""
        from engine.curate.service import Curation

        return Curation(self.store, self.settings, self._towers.now, self.thumbnail)

    # --- before a library is made, and beside an event loop -------------------------

    @staticmethod
    def preview(
        paths: Sequence[str | Path] | str | Path,
        path: str | Path | None = None,
        *,
        encoder: str | None = None,
        catalog: str | None = None,
        settings: Settings | None = None,
        on_file: OnFile | None = None,
        **rules: Unpack[RuleOptions],
    ) -> IndexReport:
        """Return what ``index`` would do, of a library that need not exist; index nothing.

        A library that is there is opened, and so recovered where a crash left something.
        """
        opening = OpenOptions(path, False, encoder, catalog, settings)
        return preview(paths, opening, rules, on_file)

    @staticmethod
    def check_rules(**rules: Unpack[RuleOptions]) -> None:
        """Refuse rules of ``index`` that cannot be used, before a library is made.

        Raises:
            UsageError: a pattern of ``exclude`` is none.
        """
        RuleChanges.of(rules)

    @staticmethod
    def forget_lost(path: str | Path | None = None) -> list[str]:
        """Give up the segments that are not in their folder: their files are pending then.

        It is for segments that nobody can bring back. Until then a library waits for them.

        Returns one line for each.
        """
        return forget_lost(OpenOptions(path))

    async def asearch(
        self, text: str | None = None, **options: Unpack[SearchOptions]
    ) -> SearchResult:
        """Run ``search`` in a thread, beside the event loop."""
        from asyncio import to_thread

        return await to_thread(self.search, text, **options)

    async def asimilar(
        self,
        path: Example,
        *,
        kinds: Sequence[Kind | str] | str = (),
        top: int = 20,
        **options: Unpack[QueryOptions],
    ) -> SearchResult:
        """Run ``similar`` in a thread, beside the event loop."""
        from asyncio import to_thread

        return await to_thread(self.similar, path, kinds=kinds, top=top, **options)

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
        spaces: Sequence[str] | str = (),
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
            expanded(out), format, kinds, where, query, top, run, spaces, vectors
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
        settings = settings or Settings.load()
        with watched(progress, cancel) as reporting:
            try:
                library = cls.open(path, encoder=encoder, catalog=catalog, settings=settings)
            except LibraryNotFound:
                towers = registry.towers(encoder or registry.default_encoder(), settings)
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

    @staticmethod
    def dates(path: str | Path) -> tuple[DateClaim, ...]:
        """Return every date that a file has, in the order in which they count; one is chosen.

        Raises:
            MediaError: the file cannot be read, or is no media.
        """
        from engine.media.file_dates import read_dates

        return read_dates(existing(path))

    @staticmethod
    def clipboard() -> Path | bytes | str:
        """Return what was copied: a file, the bytes of a picture, or a text.

        Raises:
            UsageError: the clipboard is empty, or there is no program here that reads it.
        """
        from engine.common.clipboard import read_clipboard

        return read_clipboard()

    # --- facts and vectors, for programs beside a search ---------------------------

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts in the default space: unit vectors (n, dim), float32."""
        from engine.library_embedding import embed_texts

        return embed_texts(texts, self.towers)

    def embed_example(self, example: Example) -> Vectors:
        """Return the vector of a picture, a video or a sound: a unit vector (dim,), float32.

        Args:
            example: as for ``similar``.

        Raises:
            InvalidQuery: it is not there, or is neither picture, video nor sound.
        """
        from engine.library_embedding import embed_example

        return embed_example(example, self.towers, self.settings)

    def asset(self, asset_id: int) -> Asset:
        """Return the facts of a file by the number that hits have.

        Raises:
            KeyError: the library has no such file, or has none any more.
        """
        return self.store.whole_assets([asset_id])[asset_id]

    def moment(self, moment_id: int) -> MomentRecord:
        """Return a moment by the number that hits have.

        Raises:
            KeyError: the library has no such moment, or has none any more.
        """
        return self.store.records([moment_id])[moment_id]

    @property
    def _exchange(self) -> ExchangeContext:
        from engine.exchange.service import ExchangeContext

        return ExchangeContext(
            self.store, self.settings, lambda: self.towers, self.run, self.maintenance.settle
        )
