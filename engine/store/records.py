"""The values that a Store returns, and how rows of the catalog become them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from engine.errors import UsageError
from engine.store.paths import from_text
from engine.types import (
    Asset,
    Failure,
    Kind,
    MediaType,
    Modality,
    Moment,
    MomentRecord,
    Space,
    Tag,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

State: TypeAlias = Literal["pending", "indexed"]
Row: TypeAlias = tuple[Any, ...]
READY, FILLING = "ready", "filling"

_KINDS = {kind.value: kind for kind in Kind}
_MODALITIES = {modality.value: modality for modality in Modality}


@dataclass(frozen=True, slots=True)
class KnownAsset:
    """A file that the catalog knows."""

    asset_id: int
    path: str
    size: int
    """Bytes."""
    mtime_ns: int
    content_hash: str
    kind: Kind
    state: State
    """``pending``: its moments were lost with a segment; index it again."""


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """A committed segment. A greater ``segment_id`` was committed later."""

    segment_id: int
    space: str
    file: str
    """Name in the folder ``segments``."""
    rows: int
    bytes: int
    checksum: str


@dataclass(frozen=True, slots=True)
class SpaceRole:
    """What makes a space one that texts query."""

    encoder: str
    """What ``--encoder`` calls the encoder whose text tower it has."""
    looks: str
    """The space in which its pictures resemble pictures; may be the same."""
    sounds: str
    """The space in which its sounds resemble sounds; encoders may have one between them."""
    modalities: frozenset[Modality] = frozenset(Modality)
    """What it holds. One that does not hold all is searched beside the default."""

    @property
    def partial(self) -> bool:
        """Whether it leaves a modality to other spaces."""
        return self.modalities != frozenset(Modality)


@dataclass(frozen=True, slots=True)
class SpaceInfo:
    """A space of a library."""

    space: Space
    role: SpaceRole | None = None
    """None for a space of likeness."""
    ready: bool = True
    """Whether it holds all that it should; until then nothing is searched in it."""
    default: bool = False
    """Whether texts are asked in it when nothing else is said."""


@dataclass(frozen=True, slots=True)
class Addition:
    """More vectors of a moment that is committed already."""

    moment_id: int
    path: str
    vectors: Mapping[str, NDArray[np.float32]]
    """Per space name one of shape (dim,)."""


@dataclass(frozen=True, slots=True)
class Background:
    """How scores of pairs that do not belong together are distributed."""

    space: str
    query: str
    """Kind of the query: ``text``, ``image`` or ``audio``."""
    modality: Modality
    mean: float
    """Of what is left of the scores when the centre's have been taken off."""
    std: float
    """Of what is left when the means of the queries have been taken off as well."""
    n: int
    """Pairs that it was estimated from."""
    centre: bytes = b""
    """The mean of the queries that it was estimated with, float32, (dim,); empty for none."""


@dataclass(frozen=True, slots=True)
class LibraryStats:
    """What is in a library. Counts, and bytes."""

    assets: Mapping[Kind, int]
    pending: int
    """Of the assets, those to index again."""
    moments: Mapping[Modality, int]
    vectors: Mapping[str, int]
    """Rows in segments by space, those of deleted moments included."""
    tombstones: int
    """Deleted moments whose vectors are still in some segment."""
    segments: int
    failures: int
    bytes: int
    """Of all files in the library's folder."""
    tags: Mapping[str, int] = field(default_factory=dict)
    """Assets by the tags that people, and runs on their behalf, gave them."""
    runs: int = 0
    """Of curation, with what they found."""


def known_asset(row: Row) -> KnownAsset:
    asset_id, path, size, mtime_ns, content_hash, kind, state = row
    return KnownAsset(asset_id, from_text(path), size, mtime_ns, content_hash, _KINDS[kind], state)


def asset(row: Row) -> tuple[int, Asset]:
    """An asset's id, and all that is known of it."""
    asset_id, path, content_hash, kind, form, size, mtime_ns, *rest = row
    width, height, duration, taken_at, latitude, longitude, caption = rest
    place = None if latitude is None else (latitude, longitude)
    media = MediaType(_KINDS[kind], form)
    return asset_id, Asset(
        from_text(path), content_hash, media, size, mtime_ns, width, height, duration, taken_at,
        place, caption,
    )  # fmt: skip


def moment_record(row: Row) -> MomentRecord:
    moment_id, asset_id, path, kind, modality, start, end, ordinal, text, tags = row
    moment = Moment(_MODALITIES[modality], start, end, ordinal, text, _tags(tags))
    return MomentRecord(moment_id, asset_id, from_text(path), _KINDS[kind], moment)


def kind_and_modality(row: Row) -> tuple[Kind, Modality]:
    _, kind, modality = row
    return _KINDS[kind], _MODALITIES[modality]


def _tags(column: str | None) -> tuple[Tag, ...]:
    return () if column is None else tuple(Tag(word, weight) for word, weight in json.loads(column))


def failure(row: Row) -> Failure:
    path, reason, size, mtime_ns = row
    return Failure(from_text(path), reason, size, mtime_ns)


def background(row: Row) -> Background:
    space, query, modality, mean, std, n, centre = row
    return Background(space, query, _MODALITIES[modality], mean, std, n, bytes(centre or b""))


def space_info(row: Row) -> SpaceInfo:
    *of_space, state, encoder, looks, sounds, modalities, default = row
    space = Space(*of_space)
    if encoder is None:
        return SpaceInfo(space)
    held = None if modalities is None else [_MODALITIES[name] for name in modalities.split(",")]
    role = SpaceRole(
        encoder, looks or space.name, sounds or space.name, frozenset(held or Modality)
    )
    return SpaceInfo(space, role, state == READY, bool(default))


def role_columns(role: SpaceRole) -> dict[str, str | None]:
    """A role as columns of the table of spaces."""
    held = ",".join(sorted(role.modalities)) if role.partial else None
    return {
        "towers": role.encoder, "looks": role.looks, "sounds": role.sounds, "modalities": held,
    }  # fmt: skip


def named(name: str, infos: Mapping[str, SpaceInfo], *, ready: bool = False) -> SpaceInfo:
    """The space of this name that texts query.

    Raises:
        UsageError: there is none, or it is not ``ready`` where that is asked.
    """
    info = infos.get(name)
    if info is None or info.role is None:
        there = ", ".join(i.space.name for i in infos.values() if i.role is not None)
        raise UsageError(
            f"no space that texts query is called {name!r}; there is {there or 'none yet'}"
        )
    if ready and not info.ready:
        again = f"sensorium index --add-space {info.role.encoder}"
        raise UsageError(f"the space {name} is still being filled: {again}")
    return info


def droppable(info: SpaceInfo) -> None:
    """Raise ``UsageError`` for the default space."""
    if info.default:
        raise UsageError(
            f"{info.space.name} is the default space; make another the default first:"
            " sensorium spaces default NAME"
        )


def serving(infos: Iterable[SpaceInfo]) -> set[str]:
    """The names of the spaces that searches read: all but those that only spaces use which
    are still being filled."""
    known = list(infos)
    used: dict[bool, set[str]] = {True: set(), False: set()}
    for info in known:
        if info.role is not None:
            used[info.ready] |= {info.space.name, info.role.looks, info.role.sounds}
    return {info.space.name for info in known} - (used[False] - used[True])


def segment_info(row: Row) -> SegmentInfo:
    return SegmentInfo(*row)
