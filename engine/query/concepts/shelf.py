"""Keep what the concepts of a library come to at one generation of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.index.space import SpaceIndex
from engine.query.calibration.log_odds import BackgroundKey
from engine.query.concepts.concept import Concept, ConceptFiles, Examples
from engine.query.concepts.direction import Direction, learn_direction
from engine.query.generation_cache import GenerationCache
from engine.query.plan import HEARD, SEEN
from engine.store import Background, Store
from engine.types import Modality, PartKind, Space
from engine.types.arrays import Vectors

_SAMPLE = 1000
"""Moments of a modality that stand for the library."""


@dataclass(frozen=True, slots=True)
class LearnedConcepts:
    """The concepts of one query: what they search with, and what that is compared with."""

    spaces: dict[str, tuple[tuple[PartKind, str], ...]] = field(default_factory=dict)
    vectors: dict[str, dict[str, Vectors]] = field(default_factory=dict)
    """By name and space, (dim,)."""
    backgrounds: dict[BackgroundKey, Background] = field(default_factory=dict)


class ConceptShelf:
    """The concepts of a library, and the directions that they have in it now."""

    def __init__(self, library: Path) -> None:
        self.files = ConceptFiles(library)
        self._directions: GenerationCache[tuple[Direction, int]] = GenerationCache()

    def usable(self, store: Store) -> dict[str, Concept]:
        """Return the concepts that were taught in spaces that the library has, by key."""
        known = self.files.all()
        spaces = store.spaces() if known else {}
        return {
            key: concept
            for key, concept in known.items()
            if any(is_of(spaces, of) for of in concept.examples)
        }

    def directions(
        self, taught: Mapping[str, Concept], indexes: Mapping[str, SpaceIndex], generation: int
    ) -> LearnedConcepts:
        """Return what concepts search with; the indexes must be level with ``generation``."""
        learned = LearnedConcepts()
        for name, concept in taught.items():
            for of in concept.examples:
                index = indexes.get(of.space.name)
                if index is None or index.space.geometry != of.space.geometry:
                    continue
                self._add(learned, name, of, index, generation)
        return learned

    def _add(
        self,
        learned: LearnedConcepts,
        name: str,
        of: Examples,
        index: SpaceIndex,
        generation: int,
    ) -> None:
        def learn() -> tuple[Direction, int]:
            sample = library_sample(of.kind, index)
            return learn_direction(of.vectors, sample, of.against_vectors), len(sample)

        against = b"" if of.against_vectors is None else of.against_vectors.tobytes()
        key = of.space.name, of.vectors.tobytes(), against
        direction, count = self._directions.get(generation, key, learn)
        space = of.space.name
        learned.spaces[name] = (*learned.spaces.get(name, ()), (of.kind, space))
        learned.vectors.setdefault(name, {})[space] = direction.vector
        for modality in _alike(of.kind):
            known: BackgroundKey = space, f"{PartKind.CONCEPT} {name}", modality
            learned.backgrounds[known] = Background(
                *known, direction.mean, direction.std, count * len(of.vectors), b""
            )


def is_of(spaces: Mapping[str, Space], of: Examples) -> bool:
    """Tell whether a library has the space that examples were taught in."""
    known = spaces.get(of.space.name)
    return known is not None and known.geometry == of.space.geometry


def library_sample(kind: PartKind, index: SpaceIndex) -> Vectors:
    """Return vectors of moments that stand for all of a library, (m, dim)."""
    rows = [
        index.indexes[modality].sample(_SAMPLE)
        for modality in _alike(kind)
        if modality in index.indexes
    ]
    return np.concatenate([np.zeros((0, index.space.dim), np.float32), *rows])


def _alike(kind: PartKind) -> tuple[Modality, ...]:
    return SEEN if kind is PartKind.IMAGE else HEARD
