"""The facade: a library with labels, curation and data sets. Wiring only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from engine.common.choices import OnFile
from engine.common.progress import CancelToken, Progress
from engine.common.progress_bar import watched
from engine.config import Settings
from engine.library.composing import ComposingLibrary
from engine.library.open import OpenOptions, forget_lost, preview
from engine.query.language import SearchOptions, SimilarOptions, quoted
from engine.store.index_rules import RuleChanges, RuleOptions
from engine.types import (
    IndexReport,
    Kind,
    SearchResult,
)

if TYPE_CHECKING:
    from engine.align.service import Alignment
    from engine.classify.classification import Classification, LibraryLinks, TagRun
    from engine.classify.evaluate import Evaluation
    from engine.classify.labels import Label, LabelSource
    from engine.classify.service import ClassifyArguments, OnResults, Paths
    from engine.classify.truth import TruthSource
    from engine.curate.captioning import CaptionRun
    from engine.curate.embedding_map import EmbeddingMap, MapOf
    from engine.curate.service import Curation
    from engine.types.examples import Example


class Library(ComposingLibrary):
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
    def _maps(self) -> dict[tuple[str, int], tuple[int, EmbeddingMap]]:
        """The last maps, by what was asked for, with the generation that each is of."""
        return {}

    @cached_property
    def curate(self) -> Curation:
        """Finding duplicates, outliers, faults and more, and acting on what was found."""
        from engine.curate.service import Curation

        return Curation(self.store, self.settings, self._towers.now, self.thumbnail)

    def embedding_map(
        self, of: MapOf = "looks", *, where: Sequence[str] | str = (), most: int = 3_000
    ) -> EmbeddingMap:
        """Return the files as points on a plane, those that are alike near each other.

        Only nearness means anything. The map is kept until the library changes.

        Args:
            of: by what files ``looks`` like, or by how they ``sounds``.
            where: only files of which these filters are true.
            most: points at most; of more files a sample is drawn.

        Raises:
            UsageError: ``of`` is unknown, or ``most`` is less than 1.
            QuerySyntax: a filter cannot be read.
        """
        from engine.curate.embedding_map import embedding_map

        # Filters are left out: tags change what passes them, and not the generation.
        asked, now = (str(of), most), self.generation
        kept = self._maps.get(asked)
        if not where and kept is not None and kept[0] == now:
            return kept[1]
        made = embedding_map(self.store, self.towers, of, where, most)
        if not where:
            self._maps = {**dict([*self._maps.items()][-3:]), asked: (now, made)}
        return made

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

    async def asimilar(self, path: Example, **options: Unpack[SimilarOptions]) -> SearchResult:
        """Run ``similar`` in a thread, beside the event loop."""
        from asyncio import to_thread

        return await to_thread(self.similar, path, **options)

    # --- labels -----------------------------------------------------------------

    def classify(
        self,
        labels: LabelSource,
        *,
        paths: Paths | None = None,
        kinds: Sequence[Kind | str] | str = (),
        where: Sequence[str] | str = (),
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
            labels: names, a mapping of names to further descriptions, or a file of labels.
            paths: only files at and below these, indexed first where they are new; None for all.
            kinds: only these kinds of files; empty means all.
            where: only files of which these filters are true, such as ``date >= 2024``.
            unknown: let a file be none of the labels.
            multi: decide each label by itself, so that a file may have several, or none.
            threshold: the probability below which a label is not given; by default 0.5
                where ``unknown`` or ``multi`` is set, and else 0.
            examples: a folder with a folder of files for each label, to learn from.
            templates: ``default``, ``imagenet``, ``sound``, or a file of sentences.
            top: how many labels a result lists; by default 5, or 20 with ``multi``.
            out: a .parquet, .csv or .jsonl file for results, which are not kept in memory.
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
            labels, paths=paths, kinds=kinds, where=where, unknown=unknown, multi=multi,
            threshold=threshold, examples=examples, templates=templates, top=top, out=out,
        )  # fmt: skip
        context = service.ClassifyContext(
            self.store, self.settings, lambda: self.towers, self._index_reporting, self._links
        )
        with watched(progress, cancel) as reporting:
            delivery = service.Delivery(on_results, apply_tags, wait, command)
            return service.classify(context, request, delivery, reporting)

    def caption(
        self,
        paths: Sequence[str | Path] | str | Path = (),
        *,
        captioner: str | None = None,
        style: str = "sentence",
        apply: bool = False,
        wait: bool = False,
        command: str = "",
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
    ) -> CaptionRun:
        """Caption files by a model, or by what the library knows of them.

        Args:
            paths: files and folders; none for all.
            captioner: ``template``, ``hf:NAME`` or ``openai:MODEL``; None for that of the settings.
            style: ``sentence``, ``tags`` or ``alt-text``.
            apply: keep them: they are searched from then on, and ``curate.undo`` takes them back.
                A file's own caption stays.
            wait: wait for another writer instead of raising ``LibraryBusy``.
            command: what would make it again, recorded with them.

        Raises:
            UsageError: there is no such captioner or style, or nothing to keep.
            PathNotFound: the library holds nothing at one of ``paths``.
            LibraryBusy: another process writes, and ``apply`` is set.
            Cancelled: ``cancel`` was; nothing is kept then.
        """
        from engine.library.captions import caption

        with watched(progress, cancel) as reporting:
            return caption(
                self.store, self.settings, self.thumbnail, self.classify, self._likely, paths,
                captioner, style, apply=apply, wait=wait, command=command or "library.caption()",
                reporting=reporting,
            )  # fmt: skip

    def _likely(self, thing: str) -> dict[int, float]:
        """Return how probably pictures and videos show a thing, where that is likely."""
        found = self.search(
            quoted(thing), kinds=(Kind.IMAGE, Kind.VIDEO), group="asset", likely=True, top=10_000
        )
        return {hit.asset_id: hit.confidence for hit in found.hits}

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

    def apply_tags(
        self,
        classification: Classification | str | Path,
        *,
        threshold: float = 0.0,
        labels: Sequence[str] | str = (),
        wait: bool = False,
        command: str | None = None,
    ) -> TagRun:
        """Tag the files of a classification with their labels.

        Returns a curation run whose ``undo`` takes the tags back.

        Args:
            classification: which may have been unpickled, or the file that one was written to.
            threshold: only labels that are at least so probable.
            labels: only these; none for all.
            wait: wait for another writer instead of raising ``LibraryBusy``.
            command: what would make it again, recorded with the tags; by default this call.

        Raises:
            UsageError: the file cannot be read.
            LibraryBusy: another process writes, and ``wait`` was not asked.
        """
        from engine.classify.service import tags_of

        request = tags_of(classification, threshold, labels, self.generation, command)
        return self._links.give_tags(request, wait)[0]

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
        from engine.library.datasets import library_links

        return library_links(self.store, self.curate, self.thumbnail)
