"""The reading half of the facade: names, searches and facts of a library. Wiring only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from engine.common.progress import CancelToken
from engine.common.progress_bar import watched
from engine.index import disk
from engine.library.base import BaseLibrary, Watch
from engine.query.example_values import example_part, region_part
from engine.query.examples import similar_query
from engine.query.language import QueryOptions, SearchOptions, SimilarOptions, build_query
from engine.query.search import OnPlan
from engine.types import (
    Failure,
    Hit,
    Kind,
    Modality,
    PartKind,
    Plan,
    Query,
    QueryPart,
    SearchResult,
)

if TYPE_CHECKING:
    from engine.index.snapshot import Manifest
    from engine.library.views import FailureReason, LibraryDescription, LibraryOverview
    from engine.query.browse.service import Browsing
    from engine.query.concepts.concept import Concept
    from engine.query.concepts.service import Concepts
    from engine.query.hit_details import HitDetails
    from engine.query.language.outline import Outline
    from engine.query.saved_searches import SavedSearches
    from engine.query.thumbnails import CheckFile
    from engine.store import LibraryStats
    from engine.store.verify import VerifyReport
    from engine.types.examples import Example, ExampleFile, Picture, Region, Sound


class ReadingLibrary(BaseLibrary):
    """A library that is searched, taught and described."""

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

    def teach_moments(
        self, name: str, moments: Sequence[int], *, against: Sequence[int] = ()
    ) -> Concept:
        """Teach a name by 3 to 30 moments of this library, by the numbers that hits have.

        Their stored vectors are taken, so that it costs nothing. A name that is known gets them
        beside the examples that it has.

        Args:
            against: moments of what it is not, such as what the name finds and should not.

        Raises:
            KeyError: the library has no such moment.
            UsageError: there are too few or too many, nothing is seen or heard at one, or the
                name cannot be one.
        """
        return self.concepts.teach_moments(name, moments, against)

    @property
    def saved_searches(self) -> SavedSearches:
        """The searches that were saved under a name: list, save and remove them."""
        from engine.query.saved_searches import SavedSearches

        return SavedSearches(self.store.path)

    # --- reading --------------------------------------------------------------

    @cached_property
    def browse(self) -> Browsing:
        """Looking through the library: lists, facets, transcripts, waveforms, completion."""
        from engine.query.browse.service import Browsing

        return Browsing(self.store, self.settings, self.concepts)

    @property
    def generation(self) -> int:
        """A number that grows with every change to what can be found, by any process."""
        return self.store.generation()

    def stats(self) -> LibraryStats:
        """Return counts and sizes."""
        return self.store.stats()

    def describe(self) -> LibraryDescription:
        """Return counts and sizes with the spaces and the indexes on disk."""
        from engine.library.views import describe

        return describe(self.store)

    def overview(self) -> LibraryOverview:
        """Return what a page shows of the library: counts, sizes on disk, spaces, recall."""
        from engine.library.views import overview

        return overview(self.store)

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

    def failure_reasons(self, *, skipped: bool = False) -> list[FailureReason]:
        """Group the files that could not be indexed by why, the most frequent reason first.

        Args:
            skipped: as for ``failures``.
        """
        from engine.library.views import failure_reasons

        return failure_reasons(self.failures(skipped=skipped))

    @staticmethod
    def parse(text: str) -> Outline:
        """Return the pieces of a query with their places, and every mistake in it.

        A query that cannot be read is no error here; no file is looked at.
        """
        from engine.query.language.outline import outline

        return outline(text)

    @staticmethod
    def example(example: Example, *, region: Region | None = None) -> QueryPart:
        """Return an example as the part of a query, for ``similar`` and ``search``.

        Args:
            example: as for ``similar``.
            region: the part that is meant of what is seen, as fractions: x, y, width, height.

        Raises:
            InvalidQuery: it is no example, or no picture has such a region.
        """
        return region_part(example_part(example, PartKind.FILE, "example"), region)

    @staticmethod
    def similar_query(
        path: Example, *, local: bool = True, **options: Unpack[SimilarOptions]
    ) -> Query:
        """Return the query that ``similar`` would run, for ``run``.

        Args:
            local: as for ``query``.
        """
        return similar_query(path, local, **options)

    @staticmethod
    def query(
        text: str | Sequence[str] | None = None,
        *,
        local: bool = True,
        **options: Unpack[SearchOptions],
    ) -> Query:
        """Return the query that ``search`` would run, for ``run``.

        Args:
            text: as for ``search``, or as the words of a command line.
            local: look whether words are names of files here; False for a text from elsewhere.
        """
        return build_query(text, local=local, **options)

    def search(
        self,
        text: str | None = None,
        *,
        image: Picture | None = None,
        audio: Sound | None = None,
        video: ExampleFile | None = None,
        more: Sequence[Example] = (),
        less: Sequence[Example] = (),
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
            more: further examples; ``less`` those whose likeness counts against a moment.
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
                text, image=image, audio=audio, video=video, more=more, less=less,
                exclude=exclude, kinds=kinds, where=where, top=top, **options,
            )
        )  # fmt: skip

    def similar(
        self,
        path: Example,
        *,
        region: Region | None = None,
        text: str | None = None,
        more: Sequence[Example] = (),
        less: Sequence[Example] = (),
        kinds: Sequence[Kind | str] | str = (),
        where: Sequence[str] | str = (),
        top: int = 20,
        on_plan: OnPlan | None = None,
        **options: Unpack[QueryOptions],
    ) -> SearchResult:
        """Find moments that look or sound like an example, best first, its own file left out.

        Args:
            path: of a file, or of a moment of it (``clip.mp4#t=12``) or a region of a picture
                (``a.jpg#xywh=percent:10,20,30,40``); a URL, which is fetched for the length of
                the call; or an example that is no path, as in ``search``.
            region: the part that is meant of what is seen, as fractions: x, y, width, height.
            text: words that are looked for besides, in the query language.
            more: further examples; ``less`` those whose likeness counts against a moment. All
                of their files are left out, too.
        """
        asked = self.similar_query(
            path, region=region, text=text, more=more, less=less, kinds=kinds, where=where,
            top=top, **options,
        )  # fmt: skip
        return self.run(asked, on_plan=on_plan)

    def run(
        self,
        query: Query,
        *,
        on_plan: OnPlan | None = None,
        progress: Watch = False,
        cancel: CancelToken | None = None,
    ) -> SearchResult:
        """Run a query.

        The first query for a reranker waits until its model is loaded, which is in no
        budget; where it has a deadline, the deadline is kept, and the model loads behind.

        Args:
            on_plan: called with the plan before it runs.

        Raises:
            InvalidQuery: the query asks for nothing, or an example cannot be read.
            UsageError: the reranker that it names is not installed or not configured.
        """
        with watched(progress, cancel) as reporting:
            return self._search.run(query, reporting, on_plan)

    @property
    def text_lookups(self) -> tuple[int, int]:
        """Texts of queries whose vectors were kept, and those that had to be embedded."""
        return self.searcher.text_lookups

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

    def thumbnail(
        self, moment_id: int, *, side: int = 320, check: CheckFile | None = None
    ) -> bytes:
        """Return a JPEG of a moment, its longest side at most 320 pixels; the library keeps it.

        Args:
            side: pixels of the longest side, at most.
            check: called with the asset before and after its file is read, where no picture is
                kept; what it raises goes on.

        Raises:
            MediaError: its file cannot be read as it is now.
            KeyError: there is no such moment.
        """
        return self._search.thumbnail(moment_id, side, check)
