"""The query's own vectors: its texts, its example picture, its example sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.common.vectors import l2_normalize
from engine.config import Settings
from engine.encoders.towers import Towers
from engine.query.prepare import (
    ExampleFile,
    embed_prepared,
    naming_file,
    prepare_picture,
    prepare_sound,
)
from engine.query.text_cache import TextCache
from engine.types import Branch, PartKind, Plan
from engine.types.arrays import Vectors


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """Unit vectors (dim,) of a query's parts, by space."""

    parts: Mapping[tuple[PartKind, str], Mapping[str, Vectors]]

    def for_branch(self, branch: Branch) -> Vectors:
        """Return the vector (dim,) that a branch searches with.

        It is that of its part, or one that is composed of several by their weights.
        """
        space = branch.space or ""
        rows = [self.parts[part.asked, part.value][space] for part in branch.parts]
        if len(rows) == 1:
            return rows[0]
        weights = np.array([part.weight for part in branch.parts], np.float32)
        return l2_normalize(weights @ np.stack(rows))


def embed_query(
    plan: Plan,
    towers: Towers,
    settings: Settings,
    texts: Mapping[str, TextCache] | None = None,
    files: Mapping[str, ExampleFile] | None = None,
    concepts: Mapping[str, Mapping[str, Vectors]] | None = None,
) -> QueryVectors:
    """Embed all that the plan's branches search with, texts in one batch.

    Args:
        towers: of the space that all is asked in; examples go through these alone.
        texts: the text tower of each space that texts are asked in, where it is not the
            one of ``towers`` alone.
        files: where the examples are that a query names otherwise than by a path.
        concepts: the vectors of names that the library was taught, by space.
    """
    asked = {p for b in plan.branches if b.space for p in b.parts}
    shared = towers.shared.name
    vectors: dict[tuple[PartKind, str], Mapping[str, Vectors]] = {
        (PartKind.TEXT, text): rows
        for text, rows in _embedded(
            plan, texts or {shared: TextCache(towers.encoder.embed_texts)}
        ).items()
    }
    for part in sorted(asked, key=lambda part: part.value):
        if part.asked is PartKind.CONCEPT:
            vectors[part.asked, part.value] = (concepts or {})[part.value]
        elif part.asked is not PartKind.TEXT:
            embed = embed_picture if part.asked is PartKind.IMAGE else embed_sound
            file = (files or {}).get(part.value) or ExampleFile(Path(part.value))
            with naming_file(part.value):
                vectors[part.asked, part.value] = embed(file, towers, settings)
    return QueryVectors(vectors)


def _embedded(plan: Plan, texts: Mapping[str, TextCache]) -> dict[str, dict[str, Vectors]]:
    """Embed each text in its spaces, in one batch a space."""
    vectors: dict[str, dict[str, Vectors]] = {}
    for space, cache in texts.items():
        parts = {p for b in plan.branches if b.space == space for p in b.parts}
        words = sorted(part.value for part in parts if part.asked is PartKind.TEXT)
        for text, row in cache.embed(words).items() if words else ():
            vectors.setdefault(text, {})[space] = row
    return vectors


def embed_picture(file: ExampleFile, towers: Towers, settings: Settings) -> Mapping[str, Vectors]:
    """Embed a picture, or the first keyframes of a video as their mean, by space.

    Errors are those of ``prepare_picture``.
    """
    return embed_prepared([prepare_picture(file, towers, settings)], towers)[0]


def embed_sound(file: ExampleFile, towers: Towers, settings: Settings) -> Mapping[str, Vectors]:
    """Embed the first minute of a sound, or of its moment, as the mean of its windows, by space.

    Errors are those of ``prepare_sound``.
    """
    return embed_prepared([prepare_sound(file, towers, settings)], towers)[0]
