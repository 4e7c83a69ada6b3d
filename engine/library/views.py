"""Descriptions of a library: its counts, spaces and indexes as one value."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.common.shown_as_text import ShownAsText
from engine.common.text import printable
from engine.errors import StoreError
from engine.index import disk
from engine.index.snapshot import Manifest
from engine.query.space_stats import SpaceStats, space_stats
from engine.store import LibraryStats, SpaceInfo, Store, segments, thumbnails
from engine.store.index_roots import index_roots
from engine.store.index_rules import IndexRules, read_rules
from engine.store.space_lookup import is_empty, role_name
from engine.types import Failure, Modality, Space

_FOLDERS = {segments.FOLDER: "vectors", disk.FOLDER: "indexes", thumbnails.FOLDER: "thumbnails"}
"""The part that each folder of a library holds; the files of its catalog lie beside them."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class SpaceSummary:
    """A space, and its state.

    It is ``default``, ``ready``, ``filling``, ``further``, ``likeness``, or, of a further one that
    indexing would fill, ``empty``.
    """

    space: Space
    state: str


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """An index on disk: its space and modality, and how it was tuned."""

    space: str
    modality: Modality
    manifest: Manifest

    def __str__(self) -> str:
        about = self.manifest
        recall = ", ".join(f"{name} {value:.3f}" for name, value in about.tuning.recall.items())
        line = (
            f"{self.space} {self.modality}: {about.count} vectors, {about.key},"
            f" recall@10 {recall} (target {about.target_recall}),"
            f" {about.tuning.lists} lists, {about.tuning.candidates} candidates,"
            f" built in {about.seconds:.0f} s"
        )
        missed = "; ".join(about.missed)
        return f"{line}, after {missed} missed it" if missed else line


@dataclass(frozen=True, slots=True)
class LibraryDescription(ShownAsText):
    """A library with its counts, spaces and indexes; ``str`` of it is a line for each fact."""

    path: Path
    encoder: str
    spaces: tuple[SpaceSummary, ...]
    stats: LibraryStats
    indexes: tuple[IndexSummary, ...]
    rules: Mapping[str, IndexRules] = field(default_factory=dict)
    """The rules of `index` below folders, by their paths."""

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self.facts().items())

    def facts(self) -> dict[str, str]:
        """Return every fact by its name, as text."""
        spaces = (f"{s.space.name} ({s.space.dim}-d, {s.state})" for s in self.spaces)
        return {
            "library": str(self.path),
            "encoder": self.encoder,
            "spaces": ", ".join(spaces) or "none",
            **self.stats.facts(),
            "indexes": "; ".join(map(str, self.indexes)) or "none on disk: exact search, in memory",
            **{f"below {printable(root)}": str(rules) for root, rules in self.rules.items()},
        }


def describe(store: Store) -> LibraryDescription:
    """Return the counts, spaces and indexes of a library."""
    infos, stats = store.space_infos().values(), store.stats()
    return LibraryDescription(
        store.path,
        store.encoder,
        tuple(SpaceSummary(info.space, _state(info, infos, stats)) for info in infos),
        stats,
        tuple(IndexSummary(*found) for found in disk.snapshots(store.path, store.spaces())),
        read_rules(store.path),
    )


def _state(info: SpaceInfo, infos: Collection[SpaceInfo], stats: LibraryStats) -> str:
    if info.role is None:
        role = role_name(info, infos)
        empty = is_empty(role, stats.vectors.get(info.space.name, 0), stats.moments)
        return "empty" if empty else role
    return "default" if info.default else "ready" if info.ready else "filling"


# --- for a page that shows all of a library ---------------------------------------------


@dataclass(frozen=True, slots=True)
class LibraryOverview:
    """A library as a page shows it: what is in it, how large it is, and how well it is found."""

    encoder: str
    generation: int
    stats: LibraryStats
    sizes: Mapping[str, int]
    """Bytes of ``catalog``, ``vectors``, ``indexes``, ``thumbnails``, and what is ``other``."""
    free: int
    """Bytes that are free on the disk of its folder."""
    spaces: tuple[SpaceStats, ...]
    indexes: tuple[IndexSummary, ...]
    roots: tuple[str, ...]
    warnings: tuple[str, ...]
    """Repairs that opening it made."""


def overview(store: Store) -> LibraryOverview:
    """Return what a page shows of a library; it reads the ids of all vectors."""
    stats = store.stats()
    sizes = Counter(dict.fromkeys(("catalog", *_FOLDERS.values(), "other"), 0))
    for part, size in _parts(store.path):
        sizes[part] += size
    sizes["catalog"] += max(0, stats.bytes - sum(sizes.values()))  # of one on a server
    return LibraryOverview(
        store.encoder,
        store.generation(),
        stats,
        dict(sizes),
        shutil.disk_usage(store.path).free,
        tuple(_spaces(store)),
        tuple(IndexSummary(*found) for found in disk.snapshots(store.path, store.spaces())),
        tuple(index_roots(store)),
        tuple(store.warnings),
    )


def _spaces(store: Store) -> list[SpaceStats]:
    """Return the statistics of every space, without counts where a segment cannot be read.

    Whoever looks at a damaged library wants to see what is left of it.
    """
    try:
        return space_stats(store)
    except StoreError:
        infos, serving = store.space_infos(), store.serving()
        return [
            SpaceStats(
                name, info.space.encoder, info.space.revision, info.space.dim,
                role_name(info, infos.values()), info.default,
                "ready" if name in serving else "filling", {},
                sum(segment.bytes for segment in store.segments(name)),
            )
            for name, info in infos.items()
        ]  # fmt: skip


def _parts(library: Path) -> Iterator[tuple[str, int]]:
    """Yield what each file of a library belongs to, and its size."""
    for folder, _, files in os.walk(library):
        place = Path(folder).relative_to(library).parts
        for name in files:
            part = _FOLDERS.get(place[0], "other") if place else "other"
            try:
                size = os.lstat(f"{folder}/{name}").st_size
            except OSError:  # a writer has just removed it
                continue
            yield "catalog" if not place and name.startswith("catalog.") else part, size


@dataclass(frozen=True, slots=True)
class FailureReason:
    """A reason for which files could not be indexed, and how many they are."""

    reason: str
    """The reason, with … for numbers, in which those of one kind differ."""
    code: str | None
    count: int
    retryable: int
    """The number of them that may well be read when they are tried again as they are."""
    example: str
    """The path of one."""


def reason_of(failure: Failure) -> str:
    """Return the reason of a failure as its kind has it: numbers are left out."""
    return _NUMBER.sub("…", failure.reason)


def failure_reasons(failures: Iterable[Failure]) -> list[FailureReason]:
    """Group failures by their reasons, the most frequent first."""
    groups: dict[tuple[str, str | None], list[Failure]] = {}
    for each in failures:
        groups.setdefault((reason_of(each), each.code), []).append(each)
    found = [
        FailureReason(
            reason, code, len(group), sum(each.retryable for each in group), group[0].path
        )
        for (reason, code), group in groups.items()
    ]
    return sorted(found, key=lambda each: (-each.count, each.reason))
