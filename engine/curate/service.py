"""Curation of a library: ``library.curate``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack

from engine.common.progress import CancelToken, Progress
from engine.common.progress_bar import watched
from engine.config import Settings
from engine.curate.finders.outcome import CurationContext, CurationOutcome, paths_below
from engine.curate.recording import RunOptions, recorded_run, records_call
from engine.curate.run import CurationRun, RunBinding, SemDedupCurve, summary_line
from engine.encoders.towers import Towers
from engine.query.language.build_query import kinds_of, several
from engine.store import Store
from engine.types import Kind, Modality

if TYPE_CHECKING:
    from engine.curate.actions.apply import ApplyReport
    from engine.curate.actions.undo import UndoReport
    from engine.curate.copies.near_duplicates import DuplicateOptions
    from engine.store.curation_records import RunSummary

Paths = Sequence[str | Path] | str | Path
Kinds = Sequence[Kind | str] | str
Modalities = Sequence[Modality | str] | str


class Curation:
    """Find what is double, odd, bad or mislabeled in a library, choose from it, and act.

    Every method records what it finds as a run and changes no file. ``apply`` of a run, or
    of its number, tags, moves or links files; ``undo`` takes that back. docs/curate.md says
    how each method decides. All methods take the options of ``RunOptions``, and raise
    ``LibraryBusy`` where another process writes, and ``Cancelled`` where a token says so.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        towers: Callable[[], Towers],
        thumbnail: Callable[[int], bytes],
    ) -> None:
        self._context = CurationContext(store, settings, towers, thumbnail)

    # --- copies -------------------------------------------------------------------

    @records_call
    def duplicates(
        self,
        paths: Paths | None = None,
        *,
        kinds: Kinds = (),
        threshold: float | None = None,
        exact: bool = False,
        by_cosine: bool = False,
        **options: Unpack[RunOptions],
    ) -> CurationRun:
        """Find files that are the same: byte by byte, or to eye and ear.

        Args:
            paths: only files at, or below, these.
            kinds: only files of these kinds.
            threshold: cosine from which two files are compared closely; by default 0.7, and
                0.88 for sounds. With ``by_cosine``, from which they are copies; 0.9.
            exact: only files with the same bytes.
            by_cosine: decide by the cosine of embeddings, without reading files.

        Raises:
            PathNotFound: the library holds nothing at one of ``paths``.
            ExtraMissing: OpenCV is not installed, and pictures are to be compared.
        """
        from engine.curate.finders import copies

        wanted = self._duplicate_options(paths, kinds, exact, threshold, by_cosine)
        return self._run(lambda p: copies.duplicates(self._context, wanted, p), options)

    @records_call
    def leaks(
        self,
        paths: Paths | None = None,
        *,
        split_by: Literal["folder", "tag"] = "folder",
        tags: Sequence[str] | str = (),
        kinds: Kinds = (),
        threshold: float | None = None,
        exact: bool = False,
        by_cosine: bool = False,
        **options: Unpack[RunOptions],
    ) -> CurationRun:
        """Find files that are the same in several splits of a data set.

        The smallest split keeps its files; the same files elsewhere are leaks.

        Args:
            split_by: ``folder``, a split is a folder right below a path; or ``tag``.
            tags: the tags that are splits, where it is by tag; by default all.
            paths, kinds, threshold, exact, by_cosine: as for ``duplicates``.

        Raises:
            UsageError: there are fewer than two splits.
        """
        from engine.curate.finders import copies

        wanted = self._duplicate_options(paths, kinds, exact, threshold, by_cosine)
        words = tuple(several(tags))
        return self._run(lambda p: copies.leaks(self._context, wanted, split_by, words, p), options)

    def _duplicate_options(
        self, paths: Paths | None, kinds: Kinds, exact: bool, threshold: float | None,
        by_cosine: bool,
    ) -> DuplicateOptions:  # fmt: skip
        from engine.curate.copies.near_duplicates import DuplicateOptions

        under = paths_below(self._context.store, paths or ())
        return DuplicateOptions(kinds_of(kinds) or tuple(Kind), under, exact, threshold, by_cosine)

    @records_call
    def semdedup(
        self,
        paths: Paths | None = None,
        *,
        eps: float,
        kind: Kind | str = Kind.IMAGE,
        space: str | None = None,
        clusters: int | None = None,
        seed: int = 0,
        **options: Unpack[RunOptions],
    ) -> CurationRun:
        """Find what means nearly the same as something that stays (SemDeDup, Abbas et al. 2023).

        Args:
            eps: a file goes when its cosine with one that stays is over ``1 - eps``; see
                ``semdedup_curve`` for how much each eps leaves.
            space: the space to compare in; by default that of likeness.
            clusters: k of k-means; by default one in 400 moments.

        Raises:
            UsageError: there is no such space, or too few moments.
        """
        from engine.curate.finders import copies

        (of_kind,) = kinds_of(str(kind))
        return self._run(
            lambda p: copies.semantic_duplicates(
                self._context, paths or (), of_kind, eps, space, clusters, seed, p
            ),
            options,
        )

    @records_call
    def semdedup_curve(
        self,
        paths: Paths | None = None,
        *,
        kind: Kind | str = Kind.IMAGE,
        space: str | None = None,
        clusters: int | None = None,
        seed: int = 0,
        progress: bool | Progress = False,
        cancel: CancelToken | None = None,
        command: str | None = None,
    ) -> SemDedupCurve:
        """Return how much each eps of ``semdedup`` would leave. Nothing is recorded."""
        from engine.curate.copies.semdedup import nearest_in_clusters
        from engine.curate.finders.copies import similar_rows

        (of_kind,) = kinds_of(str(kind))
        with watched(progress, cancel) as reporting:
            rows, _ = similar_rows(self._context, paths or (), of_kind, space)
            curve = nearest_in_clusters(rows, seed, clusters, reporting).curve()
        return SemDedupCurve(tuple(curve), len(rows), command or "")

    # --- points -------------------------------------------------------------------

    @records_call
    def outliers(
        self,
        modalities: Modalities = (),
        *,
        neighbours: int = 10,
        measure: Literal["distance", "lof"] = "distance",
        threshold: float = 3.5,
        top: int | None = None,
        where: Sequence[str] | str = (),
        **options: Unpack[RunOptions],
    ) -> CurationRun:
        """Find files that are like no others, by their nearest neighbours.

        Args:
            modalities: what is compared; by default pictures, keyframes and sounds.
            neighbours: how many count.
            measure: the mean distance to them, or the local outlier factor.
            threshold: robust deviations above the median that make an outlier.
            top: the farthest so many at most.
            where: only files of which these filters are true.

        Raises:
            UsageError: there are too few files.
        """
        from engine.curate.finders import points

        filters = tuple(several(where))
        return self._run(
            lambda p: points.outliers(
                self._context, modalities, neighbours, measure, threshold, top, filters, p
            ),
            options,
        )

    @records_call
    def clusters(
        self,
        modalities: Modalities = (),
        *,
        k: int | None = None,
        seed: int = 0,
        where: Sequence[str] | str = (),
        **options: Unpack[RunOptions],
    ) -> CurationRun:
        """Group files that are alike by k-means, and name each group by words.

        Args:
            modalities: what is compared; by default pictures, keyframes and sounds.
            k: how many groups; by default the square root of half of the files, 2 to 200.
            where: only files of which these filters are true.

        Raises:
            UsageError: there are too few files.
        """
        from engine.curate.finders import points

        filters = tuple(several(where))
        return self._run(
            lambda p: points.clusters(self._context, modalities, k, seed, filters, p), options
        )

    @records_call
    def select(
        self,
        count: int,
        *,
        modality: Modality | str | None = None,
        method: Literal["kcenter", "facility"] = "kcenter",
        balance: Literal["tag", "cluster", "label"] | None = None,
        labels: str | Path = "folder",
        near: str | None = None,
        far: str | None = None,
        pool: int | None = None,
        manifest: str | Path | None = None,
        seed: int = 0,
        where: Sequence[str] | str = (),
        **options: Unpack[RunOptions],
    ) -> CurationRun:
        """Choose files that are diverse, balanced over groups, or near to a text.

        The same library, arguments and seed choose the same files in the same order.

        Args:
            count: how many files.
            modality: what is compared; needed where the library holds several.
            method: leave nothing far from a choice (``kcenter``), or let choices stand for
                the many (``facility``).
            balance: equal shares of the rarest tag, a cluster, or a label.
            labels: where labels come from: ``folder``, ``tag``, or a CSV file path,label.
            near, far: only among the files that are nearest to, or farthest from, a text.
            pool: how many files those leave in the running; by default ten times ``count``.
            manifest: write every choice with its reason to this .json, and a .parquet.
            where: only files of which these filters are true.

        Raises:
            UsageError: there are not so many files, or arguments contradict each other.
        """
        from engine.curate.finders import points

        filters, command = tuple(several(where)), options.get("command") or ""
        file = None if manifest is None else Path(manifest)
        return self._run(
            lambda p: points.select(
                self._context, count, modality, method, balance, str(labels), near, far, pool,
                seed, filters, file, command, p,
            ),
            options,
        )  # fmt: skip

    # --- files --------------------------------------------------------------------

    @records_call
    def quality(
        self,
        kinds: Kinds = (),
        *,
        limits: Mapping[str, float] | None = None,
        where: Sequence[str] | str = (),
        **options: Unpack[RunOptions],
    ) -> CurationRun:
        """Find files that are bad as such: blurred, dark, silent, frozen and the like.

        The files are read, which takes as long as decoding them.

        Args:
            kinds: only files of these kinds.
            limits: other limits than the built-in ones, such as ``{"blurred": 0.5}``.
            where: only files of which these filters are true.

        Raises:
            UsageError: no file passes, or there is no such verdict.
        """
        from engine.curate.finders import files

        of_kinds, filters = kinds_of(kinds), tuple(several(where))
        return self._run(
            lambda p: files.quality(self._context, of_kinds, limits or {}, filters, p), options
        )

    @records_call
    def captions(
        self,
        table: str | Path | None = None,
        *,
        threshold: float = 1.8,
        top: int | None = None,
        **options: Unpack[RunOptions],
    ) -> CurationRun:
        """Find pictures that are not what their captions say, by the CLIP score.

        Args:
            table: a CSV file path,caption; by default the captions in the files' metadata.
            threshold: nats of log odds below which a caption does not fit; 0 is what an
                unrelated caption gets on average, 1.8 a deviation more.
            top: the worst so many at most.

        Raises:
            UsageError: no picture has a caption, or the table cannot be used.
        """
        from engine.curate.finders import files

        file = None if table is None else Path(table)
        return self._run(lambda p: files.captions(self._context, file, threshold, top, p), options)

    @records_call
    def mislabeled(
        self,
        labels: str | Path = "folder",
        *,
        modality: Modality | str | None = None,
        top: int | None = None,
        seed: int = 0,
        where: Sequence[str] | str = (),
        **options: Unpack[RunOptions],
    ) -> CurationRun:
        """Find labels that are probably wrong, by confident learning.

        Args:
            labels: where labels come from: ``folder``, ``tag``, or a CSV file path,label.
            modality: what is compared; needed where the library holds several.
            top: the surest so many at most.
            where: only files of which these filters are true.

        Raises:
            ExtraMissing: cleanlab or scikit-learn is not installed.
            UsageError: fewer than two labels have two files.
        """
        from engine.curate.finders import files

        filters = tuple(several(where))
        return self._run(
            lambda p: files.mislabeled(self._context, str(labels), modality, top, seed, filters, p),
            options,
        )

    # --- runs ---------------------------------------------------------------------

    def runs(self) -> list[RunSummary]:
        """List the runs, the oldest first, with how much each found and did."""
        return self._context.store.curation.runs()

    def run(self, run_id: int) -> CurationRun:
        """Read a run with its findings.

        Raises:
            UsageError: there is no such run.
        """
        store = self._context.store
        run, findings = store.curation.run(run_id), tuple(store.curation.findings(run_id))
        return CurationRun(
            run.run_id, run.kind, run.settings, findings,
            line=summary_line("", len(findings)), command=run.command, created=run.created,
            generation=run.generation, _binding=RunBinding(self._context),
        )  # fmt: skip

    def apply(
        self,
        run_id: int,
        action: Literal["tag", "move", "link"],
        *,
        to: str | Path | None = None,
        tag: str | None = None,
        symbolic: bool = True,
        verdicts: Sequence[str] | str = (),
        wait: bool = False,
    ) -> ApplyReport:
        """Act on the files that an earlier run found; see ``CurationRun.apply``."""
        return self.run(run_id).apply(
            action, to=to, tag=tag, symbolic=symbolic, verdicts=verdicts, wait=wait
        )

    def undo(
        self, run_id: int | None = None, *, dry_run: bool = False, wait: bool = False
    ) -> UndoReport:
        """Take back what a run did, whether it ended or was cut off.

        Nothing is overwritten: what is in the way stays, and is named.

        Args:
            run_id: by default the last run that did something.
            dry_run: only say what would be done.

        Raises:
            UsageError: there is no such run, or nothing of it is left to undo.
        """
        from engine.curate.actions.undo import undo

        return undo(self._context.store, run_id, dry_run=dry_run, wait=wait)

    def _run(self, find: Callable[[Progress], CurationOutcome], options: RunOptions) -> CurationRun:
        return recorded_run(self._context, find, options)
