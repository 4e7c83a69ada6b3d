"""Descriptions of a library: its counts, spaces and indexes as one value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.common.text import printable
from engine.index import disk
from engine.index.snapshot import Manifest
from engine.store import LibraryStats, SpaceInfo, Store
from engine.store.index_rules import IndexRules, read_rules
from engine.store.space_lookup import role_name
from engine.types import Modality, Space


@dataclass(frozen=True, slots=True)
class SpaceSummary:
    """A space, and its state: ``default``, ``ready``, ``filling``, ``further`` or ``likeness``."""

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
class LibraryDescription:
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
    infos = store.space_infos().values()
    return LibraryDescription(
        store.path,
        store.encoder,
        tuple(SpaceSummary(info.space, _state(info, infos)) for info in infos),
        store.stats(),
        tuple(IndexSummary(*found) for found in disk.snapshots(store.path, store.spaces())),
        read_rules(store.path),
    )


def _state(info: SpaceInfo, infos: Collection[SpaceInfo]) -> str:
    if info.role is None:
        return role_name(info, infos)
    return "default" if info.default else "ready" if info.ready else "filling"
