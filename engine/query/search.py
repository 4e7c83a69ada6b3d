"""Search at one generation: the indexes in memory, and a query's way through them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from engine.common.progress import NO_PROGRESS, Progress
from engine.config import Settings
from engine.errors import LibraryBusy, SegmentGone
from engine.index import gpu
from engine.index.allowed import Allowed
from engine.index.guard import Guard
from engine.index.lost_pages import MappedIndexes
from engine.index.space import SpaceIndex
from engine.query.concepts.concept import Concept
from engine.query.concepts.names import with_concepts
from engine.query.concepts.shelf import ConceptShelf, LearnedConcepts
from engine.query.embed import QueryVectors, embed_query
from engine.query.examples import resolve_examples
from engine.query.execute import Sources, execute
from engine.query.full_text import is_literal
from engine.query.generation_cache import GenerationCache
from engine.query.generation_values import GenerationValues, kinds_with
from engine.query.plan import HEARD, SEEN, Inventory, SearchableModality, plan
from engine.query.results import RankedMoments, ResultBuilder
from engine.query.space_selection import SelectedSpaces, TowersOf, select_spaces, selection_key
from engine.query.spelling import Speller, mended_query
from engine.query.text_cache import TextCache
from engine.store import Store
from engine.types import (
    Branch,
    Fusion,
    Kind,
    Modality,
    MomentRecord,
    PartKind,
    Plan,
    Query,
    SearchResult,
    Space,
)

_TRIES = 20
"""The number of times that a search begins again because a writer came in between."""
_REFILL = 4
"""The factor by which more candidates are asked for when too few hits are left of them."""

OnPlan = Callable[[Plan], None]
"""A callback that receives the plan of a query before it runs."""


class Searcher:
    """Answers queries, from many threads, beside writers of this and other processes.

    Attributes:
        indexes: per space, level with the log as far as ``make_level`` last brought them.
        guard: keeps who reads them apart from who brings them level.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        towers_of: TowersOf,
    ) -> None:
        """``towers_of`` is asked at first use, because it loads much."""
        self.guard = Guard()
        self.indexes: dict[str, SpaceIndex] = {}
        self._store = store
        self._kept = GenerationValues(store, self.indexes)
        self._settings = settings
        self._texts: dict[tuple[str, str | None], TextCache] = {}
        self.towers_of = towers_of
        self._choices: GenerationCache[SelectedSpaces] = GenerationCache()
        self._spellers: GenerationCache[Speller] = GenerationCache()
        self._concepts = ConceptShelf(store.path)
        self._mapped = MappedIndexes(store.path, lambda: self.forget([*self.indexes]))

    def _text_towers(self, chosen: SelectedSpaces) -> dict[str, TextCache]:
        """Return the text tower of each space that texts are asked in, with its cache."""
        spaces = chosen.shared, *chosen.further, *chosen.qualities
        own = dict.fromkeys(spaces, chosen.towers)
        towers = {**own, **chosen.beside}
        # A space of captions may be learned anew, and asks otherwise then.
        revisions = {space.name: space.revision for space in chosen.spaces}
        return {
            name: self._texts.setdefault(
                (name, revisions.get(name)), TextCache(partial(of.embed_queries, name))
            )
            for name, of in towers.items()
        }

    @property
    def text_lookups(self) -> tuple[int, int]:
        """Texts of queries whose vectors were kept, and those that had to be embedded."""
        caches = [*self._texts.values()]
        return sum(each.hits for each in caches), sum(each.misses for each in caches)

    @cached_property
    def _threads(self) -> Executor:
        return ThreadPoolExecutor(self._settings.threads, "sensorium-branch")

    def close(self) -> None:
        """Let the threads go."""
        threads = vars(self).pop("_threads", None)
        if threads is not None:
            threads.shutdown()

    # --- the way of a query -----------------------------------------------------

    def run(
        self,
        query: Query,
        *,
        on_plan: OnPlan | None = None,
        progress: Progress = NO_PROGRESS,
    ) -> SearchResult:
        """Run a query that ``plan.validated`` has returned.

        Args:
            on_plan: receives the plan before it runs.
            progress: is told of each stage, so that the query can be cancelled there.

        Raises:
            Cancelled: ``progress`` says so.
            InvalidQuery: the query asks for nothing, or an example cannot be read.
            LibraryUnavailable: a disk fails under an index, or it was cut.
            SpaceMismatch: the library was made with other weights.
        """
        return self._mapped.read(lambda: self._run(query, on_plan, progress))

    def _run(self, query: Query, on_plan: OnPlan | None, progress: Progress) -> SearchResult:
        until = _until(query)
        took: dict[str, float] = {}
        query, taught = self._with_concepts(query)
        with resolve_examples(query, self._settings) as (query, files):
            with timed_stage(took, "level"):
                generation = self._store.generation()
                chosen = self._chosen(query, generation)
                self.make_level(chosen.spaces, generation)
            # What is kept of a generation must be of no later one.
            with timed_stage(took, "plan"), self._store.snapshot(), self.guard.reading():
                learned = self._concepts.directions(taught, self.indexes, generation)
                planned = plan(query, self._inventory(query, chosen, learned))
            if on_plan is not None:
                on_plan(planned)
            progress.advance(0)
            # Outside the guard: an example that takes long to decode holds nobody up.
            with timed_stage(took, "encode"):
                texts = self._text_towers(chosen)
                vectors = embed_query(
                    planned, chosen.towers, self._settings, texts, files, learned.vectors
                )
        progress.advance(0)
        with timed_stage(took, "search"):
            found = self._of_one_generation(planned, vectors, chosen, learned, until)
        progress.advance(0)
        took["total"] = sum(took.values())
        return SearchResult(
            query, found.hits, took, planned, found.outcomes, found.refills, found.below,
            found.partial, notes=planned.notes,
        )  # fmt: skip

    def means_words(self, understood: Query, written: Query) -> bool:
        """Tell whether a query means its words as they are written, all of them.

        So it does where the words are, one by one, a name, a title or a sentence that is
        there, or where they have a taught name in them that is lost otherwise: "April" may be
        a month, and a person.
        """
        names = len(self._with_concepts(written)[1])
        if names > len(self._with_concepts(understood)[1]):
            return True
        with self._store.snapshot():
            return is_literal(written.text, self._store)

    def spelled(self, query: Query) -> Query:
        """Mend slips of typing in the texts of a query, and note each; a taught name is none."""
        if not query.spelling:
            return query
        query, _ = self._with_concepts(query)
        generation = self._store.generation()
        words = self._chosen(query, generation).towers.words
        if words is None:
            return query
        key, knows = query.space or "", words.knows_word
        with self._store.snapshot():
            speller = self._spellers.get(generation, key, lambda: Speller(self._store, knows))
            return mended_query(query, speller)

    def _with_concepts(self, query: Query) -> tuple[Query, Mapping[str, Concept]]:
        """Return the query with its taught names as parts, and the concepts of those names.

        One vector for all parts, as early fusion has it, can hold none of them.
        """
        known = {} if query.fusion is Fusion.EARLY else self._concepts.usable(self._store)
        query = with_concepts(query, {key: concept.name for key, concept in known.items()})
        asked = {p.value for s in query.stages for p in s if p.asked is PartKind.CONCEPT}
        return query, {c.name: c for c in known.values() if c.name in asked}

    def _chosen(self, query: Query, generation: int) -> SelectedSpaces:
        """Return the spaces of a query; those of a kind of query are found once a generation.

        A space that is named may be filling, of which no generation tells; and what was left
        out for want of a model may be there by now.
        """

        def chosen() -> SelectedSpaces:
            # Of one generation: another process may give the library another head of sounds.
            with self._store.snapshot():
                return select_spaces(query, self._store, self.towers_of)

        if query.space is not None:
            return chosen()
        kept = self._choices.get(generation, selection_key(query), chosen)
        return chosen() if kept.notes else kept

    def _of_one_generation(
        self,
        planned: Plan,
        vectors: QueryVectors,
        chosen: SelectedSpaces,
        learned: LearnedConcepts,
        until: float,
    ) -> RankedMoments:
        """Search where indexes and catalog are of one generation.

        What was replaced since an index followed would else be in neither its old form nor its new
        one. Other threads may take the indexes on to a later generation meanwhile; then this one
        looks at the catalog again.
        """
        spaces = chosen.spaces
        for attempt in range(_TRIES):
            with suppress(SegmentGone), self._store.snapshot():
                if attempt or self._levels(spaces) != {self._store.generation()}:
                    self.make_level(spaces)
                with self.guard.reading():
                    if self._is_whole(spaces) or attempt == _TRIES - 1:
                        sources = self._sources(planned.query, chosen, learned)
                        results = ResultBuilder(
                            self._store, partial(self._likeness, chosen), planned.query.leave_out
                        )
                        return self._refilled(planned, vectors, sources, results, until)
        raise LibraryBusy(f"{self._store.path} changes faster than it can be read; try again")

    def _refilled(
        self,
        planned: Plan,
        vectors: QueryVectors,
        sources: Sources,
        results: ResultBuilder,
        until: float,
    ) -> RankedMoments:
        """Return hits, with more candidates asked for until there are ``top`` or no more to have.

        Neighbours that fold together, and what is left out, must not cost other files.
        """
        top, most = planned.query.top, sources.size(planned)
        refills = 0
        while True:
            executed = execute(planned, vectors, sources, until)
            found = replace(results.build(planned, executed), refills=refills)
            enough = len(found.hits) >= top or planned.fetch >= most or not found.may_have_more
            if enough or time.perf_counter() >= until:
                return found
            planned, refills = replace(planned, fetch=planned.fetch * _REFILL), refills + 1

    def _sources(self, query: Query, chosen: SelectedSpaces, learned: LearnedConcepts) -> Sources:
        def allowed(branch: Branch) -> Allowed | None:
            return self._kept.allowed(query, branch.modality)

        words = partial(self._kept.words, chosen.shared)
        known = {**self._kept.known_backgrounds(), **learned.backgrounds}
        return Sources(self.indexes, known, allowed, words, self._threads)

    # --- the indexes --------------------------------------------------------------

    def make_level(self, spaces: Iterable[Space], generation: int | None = None) -> None:
        """Bring the indexes of these spaces level with the log, up to a generation at least.

        None is the newest.
        """
        if generation is None:
            generation = self._store.generation()
        behind = [s for s in spaces if not self._is_level(s, generation)]
        if behind:
            with self.guard.writing():
                for space in behind:
                    known = self.indexes.get(space.name)
                    if known is None or known.space != space:
                        self.indexes[space.name] = SpaceIndex(
                            space, gpu.snapshot_class(self._settings)
                        )
                    self.indexes[space.name].follow(self._store)

    def _is_level(self, space: Space, generation: int) -> bool:
        index = self.indexes.get(space.name)
        if index is None or index.space != space:
            return False
        return index.is_level(self._store, generation)

    def _levels(self, spaces: Sequence[Space]) -> set[int]:
        """Return the generations that the indexes of these spaces are level with."""
        return {self.indexes[space.name].generation for space in spaces}

    def _is_whole(self, spaces: Sequence[Space]) -> bool:
        """Tell whether the indexes hold just what this thread's snapshot of the catalog says."""
        generation, following = self._store.generation(), self._store.next_segment()
        indexes = [self.indexes[space.name] for space in spaces]
        return all(i.generation == generation and i.watermark < following for i in indexes)

    def forget(self, spaces: Iterable[str]) -> None:
        """Let go of spaces that are no more."""
        with self.guard.writing():
            for name in spaces:
                self.indexes.pop(name, None)

    def _inventory(
        self, query: Query, chosen: SelectedSpaces, learned: LearnedConcepts
    ) -> Inventory:
        """Return what there is to search."""
        known = {**self._kept.known_backgrounds(), **learned.backgrounds}
        pairs = {key: row.n for key, row in known.items()}
        passing = None if query.filter is None else len(self._kept.filter(query))
        held = {space.name: self._held(space.name, query) for space in chosen.spaces}
        roles = chosen.shared, chosen.looks, chosen.sounds
        return Inventory(
            *roles,
            held,
            pairs,
            passing,
            tuple(chosen.beside),
            chosen.further,
            _naming(query, chosen),
            chosen.notes,
            learned.spaces,
        )

    def _held(self, space: str, query: Query) -> dict[Modality, SearchableModality]:
        held, kinds = {}, set(query.kinds or Kind)
        for modality, index in self.indexes[space].indexes.items():
            searched = not kinds.isdisjoint(kinds_with(modality))
            allowed = self._kept.allowed(query, modality) if searched else None
            where = None if allowed is None else index.placement(allowed, query.top)
            held[modality] = SearchableModality(len(index), index.exact, where)
        return held

    def _likeness(
        self, chosen: SelectedSpaces, page: Sequence[MomentRecord]
    ) -> dict[int, NDArray[np.float32]]:
        """Return the vectors in which moments of one modality resemble each other."""
        rows: dict[int, NDArray[np.float32]] = {}
        for modality in {record.moment.modality for record in page}:
            index = self.indexes[_space_of_likeness(chosen, modality)].indexes.get(modality)
            if index is not None:
                ids = np.array([r.moment_id for r in page if r.moment.modality is modality])
                ids = np.sort(ids[index.holds(ids)])
                rows |= zip(ids.tolist(), index.vectors(ids), strict=True)
        return rows


def _naming(query: Query, chosen: SelectedSpaces) -> dict[str, frozenset[str]]:
    """Return the texts of a query that name a quality, by the space of it."""
    parts = (part for stage in query.stages for part in stage)
    texts = {part.value for part in parts if part.asked is PartKind.TEXT}
    names = chosen.towers.names_quality
    return {s: frozenset(t for t in texts if names(s, t)) for s in chosen.qualities}


def _space_of_likeness(chosen: SelectedSpaces, modality: Modality) -> str:
    if modality in SEEN:
        return chosen.looks
    return chosen.sounds if modality in HEARD else chosen.shared


def _until(query: Query) -> float:
    """Return the deadline of a query on the clock of ``time.perf_counter``."""
    if query.deadline_ms is None:
        return float("inf")
    return time.perf_counter() + query.deadline_ms / 1e3


@contextmanager
def timed_stage(took: dict[str, float], name: str) -> Iterator[None]:
    """Note how long a stage took, in milliseconds."""
    started = time.perf_counter()
    try:
        yield
    finally:
        took[name] = (time.perf_counter() - started) * 1e3
