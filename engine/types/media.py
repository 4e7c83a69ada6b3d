"""Media, moments and spaces as frozen dataclasses.

The words are defined in docs/design.md. Four identifiers are kept apart and
never stand in for each other: an asset id, a moment id, a vector's row in a
segment, and a content hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.common import local_time
from engine.types.enums import Kind, Modality

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


HEAD_MARK = "~"
"""The mark between a space's revision and its head of sounds."""


VISUAL = (Modality.IMAGE, Modality.KEYFRAME)
"""Modalities that are looked at."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """The type of a file by its first bytes, whatever its name claims."""

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
    """The type of stored vectors, ``float16`` or ``float32``. They come back as float32, and
    which of the two it is makes no other space: a cosine differs by 1e-4 at most."""

    @property
    def geometry(self) -> str:
        """The revision less the head of sounds, which is named behind ``~`` where a library
        has one (``sensorium align``). Another head moves the sounds of a space alone, and
        all of them in one commit: what else was embedded before stays comparable."""
        return self.revision.partition(HEAD_MARK)[0]

    @property
    def head(self) -> str:
        """The head of sounds, empty where the space has none."""
        return self.revision.partition(HEAD_MARK)[2]

    def with_head(self, head: str) -> Space:
        """Return the same space with another head of sounds; empty for none."""
        return replace(
            self, revision=f"{self.geometry}{HEAD_MARK}{head}" if head else self.geometry
        )


@dataclass(frozen=True, slots=True)
class FileStat:
    """The facts of ``stat`` that tell whether a file has changed."""

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
    """The time at which the media says it was made, ISO 8601 without a zone."""
    place: tuple[float, float] | None = None
    """Latitude and longitude in degrees, where the media says it was made."""
    caption: str | None = None
    """Descriptions that a person wrote into the file; one line each, 2,000 characters at most."""
    texts: str | None = None
    """Other texts about it, a line each: title, artist, album, genre, keywords, lyrics, and those
    of its sidecars."""
    texts_state: str | None = None
    """The readers and the sidecars that ``texts`` was made with; None where none were asked."""

    @property
    def date(self) -> str:
        """The time when it was made, ISO 8601 without a zone; of its file where it says none."""
        return self.taken_at or local_time.iso_of(self.mtime_ns)


@dataclass(frozen=True, slots=True)
class Tag:
    """A word that a bridge put to a moment, with its probability."""

    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class Moment:
    """The addressable piece of an asset that a hit points at.

    A whole picture, a keyframe with its shot [start, end), an audio window
    [start, end), a spoken sentence [start, end), or the text that is to be read in a
    picture or a keyframe, with the times of that. Times are seconds; both are
    None for a picture. ``ordinal`` is the frame of a GIF or the page of a TIFF.
    """

    modality: Modality
    start: float | None = None
    end: float | None = None
    ordinal: int = 0
    text: str | None = None
    """The transcript of speech, or the text that is to be read on screen."""
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
    code: str | None = None
    """The code of the error (``engine.errors``); None where it was recorded without one."""
    retryable: bool = False
    """True where trying again may help although the file has not changed."""


@dataclass(frozen=True, slots=True)
class MomentRecord:
    """A committed moment with what a page needs to show it."""

    moment_id: int
    asset_id: int
    path: str
    kind: Kind
    moment: Moment
