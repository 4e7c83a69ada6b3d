"""The values that a Store returns and a Writer takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from engine.types import Kind, Modality, Space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

State: TypeAlias = Literal["pending", "indexed"]
Row: TypeAlias = tuple[Any, ...]
READY, FILLING = "ready", "filling"


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
class AssetFacts:
    """What decides between assets: which is the larger, the older, and of what content."""

    asset_id: int
    path: str
    content_hash: str
    kind: Kind
    size: int
    """Bytes."""
    mtime_ns: int
    width: int | None
    height: int | None
    duration: float | None
    """Seconds."""
    taken_at: str | None

    @property
    def pixels(self) -> int:
        """Width times height; 0 for a sound."""
        return (self.width or 0) * (self.height or 0)


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
