"""The values that a Store returns, and how rows of the catalog become them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from engine.store.paths import from_text
from engine.types import Failure, Kind, Modality, Moment, MomentRecord, Space, Tag

State: TypeAlias = Literal["pending", "indexed"]
Row: TypeAlias = tuple[Any, ...]

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


def known_asset(row: Row) -> KnownAsset:
    asset_id, path, size, mtime_ns, content_hash, kind, state = row
    return KnownAsset(asset_id, from_text(path), size, mtime_ns, content_hash, _KINDS[kind], state)


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


def space(row: Row) -> Space:
    return Space(*row)


def segment_info(row: Row) -> SegmentInfo:
    return SegmentInfo(*row)
