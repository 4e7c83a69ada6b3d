"""Curation of a library: ``library.curate``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Literal, ParamSpec, Unpack

from engine.common.progress import CancelToken, Progress
from engine.common.progress_bar import watched
from engine.common.user_path import expanded
from engine.config import Settings
from engine.curate.finders.outcome import CurationContext, CurationOutcome, paths_below
from engine.curate.recorded_runs import RecordedRuns
from engine.curate.recording import RunOptions, recorded_run, records_call
from engine.curate.run import CurationRun, SemDedupCurve
from engine.encoders.towers import Towers
from engine.query.language import as_sequence, parse_kinds
from engine.store import Store
from engine.types import Kind, Modality

if TYPE_CHECKING:
    from engine.curate.copies.near_duplicates import DuplicateOptions

Paths = Sequence[str | Path] | str | Path
Kinds = Sequence[Kind | str] | str
Modalities = Sequence[Modality | str] | str
P = ParamSpec("P")


class Curation(RecordedRuns):
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
        super().__init__(CurationContext(store, settings, towers, thumbnail))

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
        keep: Sequence[str] | str = (),
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
            keep: which file of a group stays, the first rule first: ``most-pixels``,
                ``original``, ``dated``, ``largest``, ``smallest``, ``oldest``, ``newest``,
                ``shortest-path``, ``in:FOLDER``, ``not-in:FOLDER``; what they leave open is
                decided by ``most-pixels``, ``original``, ``dated``, ``largest``, ``oldest``.

        Raises:
            UsageError: there is no such rule to keep by.
            PathNotFound: the library holds nothing at one of ``paths``.
            ExtraMissing: OpenCV is not installed, and pictures are to be compared.
        """
        from engine.curate.finders import copies

        search = self._duplicate_options(paths, kinds, exact, threshold, by_cosine, keep)
        return self._run(options, copies.duplicates, search)

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

        search = self._duplicate_options(paths, kinds, exact, threshold, by_cosine)
        return self._run(options, copies.leaks, search, split_by, tuple(as_sequence(tags)))

    def _duplicate_options(
        self, paths: Paths | None, kinds: Kinds, exact: bool, threshold: float | None,
        by_cosine: bool, keep: Sequence[str] | str = (),
    ) -> DuplicateOptions:  # fmt: skip
        from engine.curate.copies.keepers import keeper_rules
        from engine.curate.copies.near_duplicates import DuplicateOptions

        rules = tuple(as_sequence(keep))
        keeper_rules(rules)  # one that there is none of is refused before anything is compared
        under = paths_below(self._context.store, () if paths is None else paths)
        return DuplicateOptions(
            parse_kinds(kinds) or tuple(Kind), under, exact, threshold, by_cosine, keep=rules
        )

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

        (of_kind,) = parse_kinds(str(kind))
        return self._run(
            options,
            copies.semantic_duplicates,
            () if paths is None else paths,
            of_kind,
            eps,
            space,
            clusters,
            seed,
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
        from engine.curate.finders import copies

        (of_kind,) = parse_kinds(str(kind))
        with watched(progress, cancel) as reporting:
            return copies.semantic_curve(
                self._context,
                reporting,
                () if paths is None else paths,
                of_kind,
                space,
                clusters,
                seed,
                command or "",
            )

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

        return self._run(
            options,
            points.outliers,
            modalities,
            neighbours,
            measure,
            threshold,
            top,
            tuple(as_sequence(where)),
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

        return self._run(options, points.clusters, modalities, k, seed, tuple(as_sequence(where)))

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

        filters, command = tuple(as_sequence(where)), options.get("command") or ""
        file = None if manifest is None else expanded(manifest)
        return self._run(
            options, points.select, count, modality, method, balance, str(labels), near, far, pool,
            seed, filters, file, command,
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

        filters = tuple(as_sequence(where))
        return self._run(options, files.quality, parse_kinds(kinds), limits or {}, filters)

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

        file = None if table is None else expanded(table)
        return self._run(options, files.captions, file, threshold, top)

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

        return self._run(
            options, files.mislabeled, str(labels), modality, top, seed, tuple(as_sequence(where))
        )

    def _run(
        self,
        options: RunOptions,
        find: Callable[Concatenate[CurationContext, Progress, P], CurationOutcome],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> CurationRun:
        context = self._context
        return recorded_run(context, lambda p: find(context, p, *args, **kwargs), options)
