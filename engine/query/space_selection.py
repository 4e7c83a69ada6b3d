"""Select the spaces that a query is asked in.

There is one for everything, and beside it those that hold some modalities alone.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engine.encoders.towers import Towers
from engine.errors import SpaceMismatch, UsageError
from engine.query.plan import MODALITIES
from engine.query.space_revision import check_revision
from engine.store import SpaceInfo, Store
from engine.store.space_lookup import find_space
from engine.types import Fusion, Group, Kind, PartKind, Query, Space

TowersOf: TypeAlias = Callable[[str], Towers]
"""The towers of an encoder, by its name."""


@dataclass(frozen=True, slots=True)
class SelectedSpaces:
    """The spaces of one query, and the towers that it goes through."""

    towers: Towers
    """The towers of the space that everything is asked in."""
    shared: str
    looks: str
    sounds: str
    beside: Mapping[str, Towers]
    """Towers by space, of those in which texts are asked as well."""
    spaces: tuple[Space, ...]
    """All that are searched, of those that the library has."""
    further: tuple[str, ...] = ()
    """Further spaces of the encoder of ``towers``, in which texts are asked too."""
    qualities: tuple[str, ...] = ()
    """Spaces in which texts are asked that name a quality of pictures."""
    notes: tuple[str, ...] = ()
    """Notes about spaces that are left out, and why."""


def select_spaces(query: Query, store: Store, towers_of: TowersOf) -> SelectedSpaces:
    """Select the spaces of a query.

    Raises:
        UsageError: the query names a space that there is none of, or that is not filled.
        SpaceMismatch: one was made with other weights than the query would be.
    """
    infos = store.space_infos()
    asked = _asked(query, infos)
    encoder = store.encoder if asked is None or asked.role is None else asked.role.encoder
    towers = towers_of(encoder)
    notes: list[str] = []
    beside = dict(_beside(query, asked, infos, towers_of, notes))
    wanted = list(_wanted(query, towers))
    for space in wanted:
        _check(space, infos)
    notes += _to_be_filled(towers, wanted, infos)
    wanted += [other.shared for other in beside.values()]
    return SelectedSpaces(
        towers,
        towers.shared.name,
        towers.looks.name,
        towers.sounds.name,
        beside,
        tuple({s.name: s for s in wanted if s.name in infos}.values()),
        tuple(s.name for s in towers.further if s.name in infos and s not in towers.qualities),
        tuple(space.name for space in towers.qualities if space.name in infos),
        tuple(notes),
    )


def selection_key(query: Query) -> Hashable:
    """Return what ``select_spaces`` looks at: queries that share it have the same spaces."""
    asked = frozenset(part.asked for parts in query.stages for part in parts)
    alike = query.group is Group.ALIKE
    return query.space, frozenset(query.kinds), query.fusion is Fusion.EARLY, alike, asked


def _asked(query: Query, infos: Mapping[str, SpaceInfo]) -> SpaceInfo | None:
    """Return the space that a query names, or the default; None before anything is indexed."""
    if query.space is None:
        return next((info for info in infos.values() if info.default), None)
    return find_text_space(query.space, infos, ready=True)


def find_text_space(name: str, infos: Mapping[str, SpaceInfo], *, ready: bool = False) -> SpaceInfo:
    """Return the space of this name, or of an encoder's name, that texts query.

    Raises:
        UsageError: there is none, or it is not ``ready`` where that is asked.
    """
    if name not in infos:
        from engine.encoders.registry import normalised

        name = normalised(name)
    return find_space(name, infos, ready=ready)


def _beside(
    query: Query,
    asked: SpaceInfo | None,
    infos: Mapping[str, SpaceInfo],
    towers_of: TowersOf,
    notes: list[str],
) -> Iterator[tuple[str, Towers]]:
    """Yield the spaces of some modalities that texts are asked in as well.

    One whose encoder cannot be had here is left out, and noted.
    """
    if query.fusion is Fusion.EARLY or (asked and asked.role and asked.role.partial):
        return
    if all(part.asked is not PartKind.TEXT for parts in query.stages for part in parts):
        return
    modalities = {m for kind in query.kinds or Kind for m in MODALITIES[kind]}
    for name, info in infos.items():
        role = info.role
        if role is None or not (role.partial and info.ready and role.modalities & modalities):
            continue
        try:
            towers = towers_of(role.encoder)
            _check(towers.shared, infos)
            yield name, towers
        except (UsageError, SpaceMismatch) as error:
            notes.append(f"{name} is not searched: {error}")


def _wanted(query: Query, towers: Towers) -> Iterator[Space]:
    asked = {part.asked for parts in query.stages for part in parts}
    alike = query.group is Group.ALIKE
    yield towers.shared
    if PartKind.TEXT in asked:
        yield from towers.further
    if alike or asked & {PartKind.IMAGE, PartKind.CONCEPT}:
        yield towers.looks
    if alike or asked & {PartKind.AUDIO, PartKind.CONCEPT}:
        yield towers.sounds


def _to_be_filled(
    towers: Towers, wanted: Sequence[Space], infos: Mapping[str, SpaceInfo]
) -> Iterator[str]:
    """Yield a note about further spaces that a library of an earlier version has not got yet."""
    missing = [s.name for s in towers.further if s in wanted and s.name not in infos]
    if missing and towers.shared.name in infos:
        names = " and ".join(missing)
        yield f"the next `sensorium index` fills {names}, by which pictures are found better"


def _check(space: Space, infos: Mapping[str, SpaceInfo]) -> None:
    known = infos.get(space.name)
    check_revision(known.space if known else None, space)
