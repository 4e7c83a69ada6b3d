"""The values that a Store returns and a Writer takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from engine.common import local_time
from engine.common.shown_as_text import ShownAsText
from engine.types import Embedding, Kind, Modality, Space

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
    texts_state: str | None = None
    """The readers and sidecars that its texts were made with; None where none were asked."""


@dataclass(frozen=True, slots=True)
class MissingAsset:
    """A file that vanished together with many others, and is kept until it is seen again."""

    asset_id: int
    path: str
    size: int
    """Bytes."""
    mtime_ns: int
    content_hash: str
    since: str
    """The time at which it was seen to be missing, ISO 8601, UTC."""


class WordsOfMoment(NamedTuple):
    """The words that are said or read at a moment, and those that are written of its file."""

    moment_id: int
    asset_id: int
    path: str
    text: str | None
    caption: str | None
    texts: str | None


class ListedFile(NamedTuple):
    """A file in a list: where it is, how large, and when it was made."""

    asset_id: int
    path: str
    kind: Kind
    size: int
    """Bytes."""
    mtime_ns: int
    taken_at: str | None
    """The time when it was made, ISO 8601 without a zone, where the file says so."""


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """Facts that decide between assets: size, date, dimensions and content."""

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
    def date(self) -> str:
        """The time when it was made, ISO 8601 without a zone; of its file where it says none."""
        return self.taken_at or local_time.iso_of(self.mtime_ns)

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
    """Query role of a space: its encoder and its companion spaces."""

    encoder: str
    """The encoder whose text tower it has, as ``--encoder`` names it."""
    looks: str
    """The space in which its pictures resemble pictures; may be the same."""
    sounds: str
    """The space in which its sounds resemble sounds; encoders may have one between them."""
    modalities: frozenset[Modality] = frozenset(Modality)
    """Modalities that it holds. A space that lacks some is searched beside the default."""

    @property
    def partial(self) -> bool:
        """True when it leaves a modality to other spaces."""
        return self.modalities != frozenset(Modality)


@dataclass(frozen=True, slots=True)
class SpaceInfo:
    """A space of a library."""

    space: Space
    role: SpaceRole | None = None
    """None for a space of likeness."""
    ready: bool = True
    """True when it holds all that it should; until then no search reads it."""
    default: bool = False
    """True for the space in which texts are asked unless a query names another."""


@dataclass(frozen=True, slots=True)
class Addition:
    """More vectors of a moment that is committed already."""

    moment_id: int
    path: str
    vectors: Mapping[str, NDArray[np.float32]]
    """Per space name one of shape (dim,)."""


@dataclass(frozen=True, slots=True)
class ReadAsset:
    """An asset that was looked at for text, and the moments of what is to be read in it."""

    known: KnownAsset
    texts: tuple[Embedding, ...] = ()


@dataclass(frozen=True, slots=True)
class Background:
    """Distribution of the scores of pairs that do not belong together."""

    space: str
    query: str
    """Kind of the query: ``text``, ``image`` or ``audio``."""
    modality: Modality
    mean: float
    """Mean of the scores less those of the centre."""
    std: float
    """Standard deviation of what is left when each query's mean is taken off as well."""
    n: int
    """Pairs that it was estimated from."""
    centre: bytes = b""
    """The mean of the queries that it was estimated with, float32, (dim,); empty for none."""
    tail: bytes = b""
    """The curve of how far pairs stand out, float32, (2, knots); empty for none."""


@dataclass(frozen=True, slots=True)
class LibraryStats(ShownAsText):
    """Counts of a library, and its size in bytes."""

    assets: Mapping[Kind, int]
    pending: int
    """Assets that are to be indexed again."""
    moments: Mapping[Modality, int]
    vectors: Mapping[str, int]
    """Rows in segments by space, those of deleted moments included."""
    tombstones: int
    """Deleted moments whose vectors are still in some segment."""
    segments: int
    failures: int
    bytes: int
    """Size of all files in the library's folder."""
    tags: Mapping[str, int] = field(default_factory=dict)
    """Number of assets by tag that people, and runs on their behalf, gave them."""
    runs: int = 0
    """Runs of curation that are recorded."""
    missing: int = 0
    """Files that vanished in bulk; they are hidden from searches, and kept."""
    unread: int = 0
    """Pictures and videos whose text was not looked for yet, with the extra ``ocr``."""

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self.facts().items())

    def facts(self) -> dict[str, str]:
        """Return every count by its name, as text."""
        return {name.replace("_", " "): _text(getattr(self, name)) for name in self.__slots__}


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{count} {key}" for key, count in value.items()) or "none"
    return str(value)
