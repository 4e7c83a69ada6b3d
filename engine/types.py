"""The nouns of Sensorium, one frozen dataclass each, and nothing else.

The words are defined in docs/design.md. Four identifiers are kept apart and
never stand in for each other: an asset id, a moment id, a vector's row in a
segment, and a content hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
"""L2-normalised embeddings, shape (n, dim), float32."""

MomentIds: TypeAlias = NDArray[np.int64]
"""Moment ids, shape (n,), int64; 0 is never a moment."""

Waveform: TypeAlias = NDArray[np.float32]
"""Mono samples in [-1, 1], shape (n,), float32."""


class Kind(StrEnum):
    """What a media file is, by its content."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class Modality(StrEnum):
    """How a moment is perceived. Scores compare only within one modality."""

    IMAGE = "image"
    KEYFRAME = "keyframe"
    SOUND = "sound"
    SPEECH = "speech"


@dataclass(frozen=True, slots=True)
class MediaType:
    """What a file's first bytes say it is, whatever its name claims."""

    kind: Kind
    format: str
    """Lower-case container or codec name: ``jpeg``, ``gif``, ``mp4``, ``wav``."""


@dataclass(frozen=True, slots=True)
class Space:
    """An embedding space. Vectors of different spaces never compare."""

    name: str
    encoder: str
    revision: str
    """Changes whenever the same input would get another vector."""
    dim: int
    dtype: str = field(default="float16", compare=False)
    """How vectors are kept, ``float16`` or ``float32``. They come back as float32, and
    which of the two it is makes no other space: a cosine differs by 1e-4 at most."""


@dataclass(frozen=True, slots=True)
class FileStat:
    """What ``stat`` says of a file; enough to tell that it has not changed."""

    path: str
    """Absolute, symbolic links resolved."""
    size: int
    """Bytes."""
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Asset:
    """A media file as it was found."""

    path: str
    content_hash: str
    """BLAKE2b-256 of the bytes, hexadecimal."""
    media: MediaType
    size: int
    """Bytes."""
    mtime_ns: int
    width: int | None = None
    """Pixels, as shown (after orientation or rotation)."""
    height: int | None = None
    duration: float | None = None
    """Seconds; None for a picture."""
    taken_at: str | None = None
    """When the media says it was made, ISO 8601 without a zone."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A word that a bridge put to a moment, with its probability."""

    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class Moment:
    """The addressable piece of an asset that a hit points at.

    A whole picture, a keyframe with its shot [start, end), an audio window
    [start, end), or a spoken sentence [start, end). Times are seconds; both are
    None for a picture. ``ordinal`` is the frame of a GIF or the page of a TIFF.
    """

    modality: Modality
    start: float | None = None
    end: float | None = None
    ordinal: int = 0
    text: str | None = None
    """What is said, when it is speech."""
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class Embedding:
    """One moment and its vectors: per space name one of shape (dim,), float32."""

    moment: Moment
    vectors: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class IndexedAsset:
    """An asset with all of its moments, ready to be committed as one."""

    asset: Asset
    embeddings: tuple[Embedding, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """One file that could not be indexed, and why, in one line."""

    path: str
    reason: str
    size: int | None = None
    mtime_ns: int | None = None


@dataclass(frozen=True, slots=True)
class MomentRecord:
    """A committed moment with what a page needs to show it."""

    moment_id: int
    asset_id: int
    path: str
    kind: Kind
    moment: Moment


# --- asking -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked. At least one of ``text``, ``image`` and ``audio`` is set."""

    text: str | None = None
    image: str | None = None
    """Path of an example picture."""
    audio: str | None = None
    """Path of an example sound."""
    exclude: tuple[str, ...] = ()
    """Texts whose likeness counts against a moment."""
    kinds: tuple[Kind, ...] = ()
    """Only assets of these kinds; empty means all."""
    top: int = 20
    likeness: bool = False
    """Compare examples by looks and sound alone, not by what words would say of them."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One thing to run: a vector against one modality of a space, or words in FTS5."""

    name: str
    """``text``, ``image``, ``audio``, ``words`` or ``not``; shown in ``why``."""
    space: str | None = None
    """None for the full text index."""
    modality: Modality | None = None
    """None for the full text index, which holds every modality."""
    term: str | None = None
    """The text that was asked; None for an example."""
    weight: float = 1.0
    """Negative for what the user does not want."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query will be run. A plain value: a test can compare two of them."""

    query: Query
    branches: tuple[Branch, ...]
    fetch: int
    """Candidates asked of each branch before fusing."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One branch's result for one moment, before fusing."""

    moment_id: int
    branch: Branch
    raw: float
    """Cosine similarity in [-1, 1], or BM25 (higher is better) for words."""
    log_odds: float
    """``raw`` against its background, in nats; comparable between branches."""


@dataclass(frozen=True, slots=True)
class Why:
    """What one branch contributed to a hit."""

    branch: str
    space: str | None
    raw: float
    log_odds: float
    """The raw score against the background of its modality, in nats."""
    words: str | None = None
    """What was said, or the tags that matched."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A fused result that the user sees. Times are seconds, None for a picture."""

    rank: int
    score: float
    kind: Kind
    path: str
    asset_id: int
    moment_id: int
    start: float | None
    end: float | None
    why: tuple[Why, ...]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of one query, best first, with the time each stage took."""

    query: Query
    hits: tuple[Hit, ...]
    took_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one run of ``index`` did. Counts are files unless they say otherwise."""

    found: int = 0
    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: int = 0
    """Files that are no media at all."""
    failed: int = 0
    moments: int = 0
    """Moments committed in this run."""
    seconds: float = 0.0
    dry_run: bool = False
    failures: tuple[Failure, ...] = ()
