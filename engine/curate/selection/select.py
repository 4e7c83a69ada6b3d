"""A subset of a given size: diverse, balanced over groups, near or far from a text.

A run is reproducible: the same library, settings and seed choose the same, in the same
order, and each choice says why it was made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.common.progress import NO_PROGRESS, Progress
from engine.curate.asset_vectors import AssetPoints
from engine.curate.selection.facility_location import facility
from engine.curate.selection.kcenter import Traversal, coverage, k_center
from engine.errors import UsageError
from engine.index.matrix import Places

Method = Literal["kcenter", "facility"]
_POOL = 10
"""Assets in the running for a text, as a multiple of those to choose."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """Scores of items by their relevance to texts."""

    scores: NDArray[np.float64]
    """(n,): in nats; -inf where it is not known."""
    description: str
    """In words: ``near 'a dog'``."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One chosen item."""

    place: int
    order: int
    """From 1."""
    distance: float | None
    """Cosine distance to the nearest choice before it; None for the first."""
    group: str | None
    why: str


@dataclass(frozen=True, slots=True)
class SubsetSelection:
    """Choices in order, and how well they cover what they were chosen from."""

    choices: tuple[Choice, ...]
    pool: int
    """Items that were in the running."""
    radius: float
    """The cosine distance from any of those to its nearest choice, at most."""
    quotas: Mapping[str, int]
    """By group; empty where nothing was balanced."""


def select(
    items: AssetPoints,
    count: int,
    *,
    method: Method = "kcenter",
    groups: Sequence[str] | None = None,
    relevance: Relevance | None = None,
    pool: int | None = None,
    seed: int = 0,
    progress: Progress = NO_PROGRESS,
) -> SubsetSelection:
    """Choose ``count`` items.

    Args:
        method: ``kcenter``, which leaves nothing far from a choice and so reaches out to
            the odd, or ``facility``, which stands for the many.
        groups: (n,): of each item the group to balance over.
        relevance: keep to the items with the best scores.
        pool: how many those are; by default ten times ``count``.

    Raises:
        UsageError: there are not so many items, or ``pool`` is smaller than ``count``.
    """
    if not 1 <= count <= len(items):
        raise UsageError(
            f"count={count}: there are 1 to {len(items)} of {items.modality} to choose",
            arguments=("count",),
        )
    running = _running(items, count, relevance, pool)
    rng = np.random.default_rng(seed)
    if groups is None:
        parts = {"": running}
        quotas = {"": count}
    else:
        parts = _by_group(groups, running)
        quotas = shares({name: len(part) for name, part in parts.items()}, count)
    progress.start("choosing", count)
    made = _chosen(items, parts, quotas, method, rng, progress)
    choices = _with_reasons(made, method, relevance, groups is not None)
    places = np.array([choice.place for choice in choices], np.int64)
    radius = coverage(items, running, items.rows(places))
    return SubsetSelection(choices, len(running), radius, {} if groups is None else quotas)


def _running(
    items: AssetPoints, count: int, relevance: Relevance | None, pool: int | None
) -> Places:
    """Return the items that may be chosen."""
    if relevance is None:
        return np.arange(len(items))
    known = int(np.isfinite(relevance.scores).sum())
    kept = min(_POOL * count if pool is None else pool, known)
    if kept < count:
        raise UsageError(
            f"count={count}: {kept} assets are in the running {relevance.description}; raise pool=",
            arguments=("count", "pool"),
        )
    order = np.lexsort((np.arange(len(items)), -relevance.scores))
    return np.sort(order[:kept])


def _by_group(groups: Sequence[str], running: Places) -> dict[str, Places]:
    """Return the rows of each group, the smallest group first."""
    parts: dict[str, list[int]] = {}
    for place in running.tolist():
        parts.setdefault(groups[place], []).append(place)
    names = sorted(parts, key=lambda name: (len(parts[name]), name))
    return {name: np.array(parts[name], np.int64) for name in names}


def shares(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """Divide ``count`` equally among groups; what small ones cannot give, the larger do.

    What does not divide goes to the largest.
    """
    left, quotas = count, {}
    names = sorted(sizes, key=lambda name: (sizes[name], name))
    for done, name in enumerate(names):
        quotas[name] = min(sizes[name], left // (len(names) - done))
        left -= quotas[name]
    return {name: quotas[name] for name in sizes}


def _chosen(
    items: AssetPoints,
    parts: Mapping[str, Places],
    quotas: Mapping[str, int],
    method: Method,
    rng: np.random.Generator,
    progress: Progress,
) -> list[tuple[str, Traversal]]:
    """Choose from each group, away from the choices of the groups before it."""
    made: list[tuple[str, Traversal]] = []
    given = np.zeros((0, items.dim), np.float32)
    for name, part in parts.items():
        quota = quotas[name]
        if not quota:
            continue
        first = int(rng.integers(len(part)))
        if method == "kcenter":
            found = k_center(items, quota, part, first, given, progress)
        else:
            found = facility(items, quota, part, rng, progress)
        given = np.concatenate([given, items.rows(found.places)])
        made.append((name, found))
    return made


def _with_reasons(
    made: Sequence[tuple[str, Traversal]],
    method: Method,
    relevance: Relevance | None,
    balanced: bool,
) -> tuple[Choice, ...]:
    choices: list[Choice] = []
    for name, found in made:
        for place, distance in zip(found.places.tolist(), found.distances.tolist(), strict=True):
            first = math.isnan(distance)
            parts = [_FIRST[method] if first else _NEXT[method].format(distance)]
            if balanced:
                parts.append(f"of {name!r}")
            if relevance is not None:
                parts.append(f"{relevance.description} by {relevance.scores[place]:+.1f} nats")
            group = name if balanced else None
            order = len(choices) + 1
            choices.append(
                Choice(place, order, None if first else distance, group, "; ".join(parts))
            )
    return tuple(choices)


_FIRST = {"kcenter": "drawn by the seed", "facility": "stands for the most"}
_NEXT = {
    "kcenter": "the farthest from all before it: {:.3f}",
    "facility": "adds the most to what is stood for; {:.3f} from the nearest before it",
}
