"""Values that are computed once for a generation of a library: filters, words, backgrounds."""

from __future__ import annotations

from collections.abc import Mapping

from engine.index.allowed import Allowed
from engine.index.space import SpaceIndex
from engine.query.calibration.log_odds import BackgroundKey, by_key
from engine.query.full_text import FullTextScorer, FullTextScores
from engine.query.generation_cache import GenerationCache
from engine.query.plan import MODALITIES
from engine.store import Background, Store
from engine.types import Filter, Kind, Modality, Query


class GenerationValues:
    """The values of one generation, each computed when it is asked for first.

    Args:
        indexes: by space, as the searcher has them.
    """

    def __init__(self, store: Store, indexes: Mapping[str, SpaceIndex]) -> None:
        self._store, self._indexes = store, indexes
        self._backgrounds: GenerationCache[Mapping[BackgroundKey, Background]] = GenerationCache()
        self._filters: GenerationCache[Allowed] = GenerationCache()
        self._wording: GenerationCache[FullTextScorer] = GenerationCache()
        self._worded: GenerationCache[FullTextScores] = GenerationCache()

    def allowed(self, query: Query, modality: Modality | None) -> Allowed | None:
        """Return the moments that a query admits, where their modality does not decide it.

        Full text search looks after kinds itself; it is given no modality.
        """
        if query.filter is not None:
            return self.filter(query)
        kinds = set(query.kinds)
        if not kinds or modality is None or kinds_with(modality) <= kinds:
            return None
        return self._filters.get(
            self._store.generation(),
            (query.kinds, modality),
            lambda: Allowed(self._store.moment_ids(query.kinds, (modality,))),
        )

    def filter(self, query: Query) -> Allowed:
        """Return the moments of every modality that pass a query's filter and kinds."""
        asked: Filter | None = query.filter
        assert asked is not None
        return self._filters.get(
            self._store.generation(),
            (query.kinds, asked),
            lambda: Allowed(self._store.passing(asked, query.kinds)),
        )

    def words(self, space: str, text: str) -> FullTextScores:
        """Return the full text scores of a text, with counts of this generation."""

        def wording() -> FullTextScorer:
            shared = self._indexes.get(space)
            held = {} if shared is None else shared.indexes
            return FullTextScorer(self._store, {m: len(index) for m, index in held.items()})

        generation = self._store.generation()
        words = self._wording.get(generation, space, wording)
        return self._worded.get(generation, (space, text), lambda: words.score(text))

    def known_backgrounds(self) -> Mapping[BackgroundKey, Background]:
        """Return the backgrounds of the library's spaces."""
        generation = self._store.generation()
        return self._backgrounds.get(generation, None, lambda: by_key(self._store.backgrounds()))


def kinds_with(modality: Modality) -> set[Kind]:
    """Return the kinds of files that have moments of a modality."""
    return {kind for kind, modalities in MODALITIES.items() if modality in modalities}
