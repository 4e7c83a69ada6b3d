"""Count what the spaces of a library hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.index import disk
from engine.store import SpaceInfo, Store
from engine.store.space_lookup import is_empty, role_name
from engine.types import Modality


@dataclass(frozen=True, slots=True)
class SpaceStats:
    """A space, and what is in it."""

    name: str
    encoder: str
    revision: str
    dim: int
    role: str
    """``text`` for one that texts query, ``further`` for one in which the texts of its encoder
    are asked as well, ``likeness`` for one of looks or sounds."""
    default: bool
    """True if texts are asked in it when no other space is named."""
    state: str
    """``ready``, ``filling`` until it holds all that it should, or ``empty``: indexing fills it."""
    vectors: Mapping[Modality, int]
    """The vectors of living moments, by modality."""
    bytes: int
    """The bytes of its segments and its indexes on disk."""


def space_stats(store: Store) -> list[SpaceStats]:
    """Return the statistics of every space.

    The default comes first, then the others that texts query. Reads the ids of all vectors.
    """
    with store.snapshot():
        infos, serving = store.space_infos(), store.serving()
        ids, modalities = store.modalities(0, store.next_moment())
        names, places = np.unique(modalities, return_inverse=True)
        kinds = [Modality(str(name)) for name in names]
        counted = [
            _counted(store, infos, info, info.space.name in serving, ids, places, kinds)
            for info in infos.values()
        ]
    return sorted(counted, key=lambda stats: (not stats.default, stats.role != "text", stats.name))


def _counted(
    store: Store,
    infos: Mapping[str, SpaceInfo],
    info: SpaceInfo,
    serves: bool,
    ids: np.ndarray,
    places: np.ndarray,
    modalities: Sequence[Modality],
) -> SpaceStats:
    """Return the statistics of a space; ``places`` (n,) have the modality of each of ``ids``."""
    space = info.space
    held = places[np.isin(ids, store.stored_ids(space.name))]
    counts = np.bincount(held, minlength=len(modalities)).tolist()
    role, state = role_name(info, infos.values()), "ready" if serves else "filling"
    if serves and is_empty(role, sum(counts), modalities):
        state = "empty"
    on_disk = sum(segment.bytes for segment in store.segments(space.name))
    return SpaceStats(
        name=space.name,
        encoder=space.encoder if info.role is None else info.role.encoder,
        revision=space.revision,
        dim=space.dim,
        role=role,
        default=info.default,
        state=state,
        vectors={name: n for name, n in zip(modalities, counts, strict=True) if n},
        bytes=on_disk + _bytes_under(disk.folder_of(store.path, space.name)),
    )


def _bytes_under(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
