"""The nouns of Sensorium, one frozen dataclass each, and nothing else.

The words are defined in docs/design.md. Four identifiers are kept apart and
never stand in for each other: an asset id, a moment id, a vector's row in a
segment, and a content hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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


HEAD = "~"
"""What parts the head of sounds from the rest of a space's revision."""


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
    SCREEN = "screen"
    """Text that is to be read in a picture or a keyframe."""


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

    @property
    def geometry(self) -> str:
        """The revision less the head of sounds, which is named behind ``~`` where a library
        has one (``sensorium align``). Another head moves the sounds of a space alone, and
        all of them in one commit: what else was embedded before stays comparable."""
        return self.revision.partition(HEAD)[0]

    @property
    def head(self) -> str:
        """The head of sounds, empty where the space has none."""
        return self.revision.partition(HEAD)[2]

    def with_head(self, head: str) -> Space:
        """The same space with another head of sounds; empty for none."""
        return replace(self, revision=f"{self.geometry}{HEAD}{head}" if head else self.geometry)


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
    place: tuple[float, float] | None = None
    """Latitude and longitude in degrees, where the media says it was made."""
    caption: str | None = None
    """What a person wrote about it into the file; one line each, 2,000 characters at most."""


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
    """What is said, when it is speech, and what is to be read, when it is text on screen."""
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


class Asked(StrEnum):
    """What a part of a query is."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    FILE = "file"
    """A path or a URL whose content has not been looked at; resolved to IMAGE or AUDIO."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a query: a text or an example, and how much it counts."""

    value: str
    """The text, or the path or URL of the example."""
    asked: Asked = Asked.TEXT
    weight: float = 1.0
    """Negative for what is not wanted."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a filter. All fields but ``speech`` are facts of the asset.

    | field | operators | value |
    |---|---|---|
    | kind | = != | ``image``, ``video`` or ``audio`` |
    | path | = != | a glob of the absolute path; without a slash, of the file's name |
    | date | < <= > >= | ISO 8601 without a zone, cut off where it is coarse: ``2024-06`` |
    | duration | < <= > >= | seconds |
    | size | < <= > >= | bytes |
    | place | = != | a box (south, west, north, east) in degrees; west > east crosses 180 |
    | tags | = != | a word: whether the asset, or any moment of it, has a tag of it |
    | speech | = != | ``yes`` or ``no``: whether anything is said in the asset |

    What an asset lacks (a duration, a place) no comparison of it is true of, ``!=``
    aside. A date is when the media says it was made, and the file's own date where it
    says nothing.
    """

    field: str
    op: str
    value: str | float | tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Both:
    """All of these are true."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of these is true."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """This is not true."""

    filter: Filter


Filter: TypeAlias = "Condition | Both | Either | Not"


class Fusion(StrEnum):
    """How what the branches say of a moment becomes one score.

    The first four merge branches late, as scores or ranks; ``early`` composes one vector
    before anything is searched, and ``interaction`` lets the moments of an asset answer
    the parts of a query between them.
    """

    CALIBRATED = "calibrated"
    """The weighted sum of log odds."""
    RRF = "rrf"
    """Reciprocal ranks, k = 60 (Cormack et al. 2009): of ranks alone, scores do not count."""
    WEIGHTED = "weighted"
    """The weighted sum of raw scores, each branch's stretched to [0, 1]."""
    MAX = "max"
    """The greatest log odds that any branch gives."""
    EARLY = "early"
    """One vector out of all parts, searched in the shared space."""
    INTERACTION = "interaction"
    """For each part the best moment of the asset, summed over the parts: MaxSim
    (Khattab and Zaharia 2020), with the moments of an asset in place of tokens."""


class Group(StrEnum):
    """What becomes one hit, its best moment, of moments that belong together."""

    SHOT = "shot"
    """The same shot, sentence, stretch of sound or picture."""
    ASSET = "asset"
    ALIKE = "alike"
    """The same shot, or as good as the same picture, sound or wording anywhere."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked: parts, of which at least one is wanted, in one stage or several."""

    parts: tuple[Part, ...] = ()
    then: tuple[tuple[Part, ...], ...] = ()
    """The parts of later stages: moments of the same asset, in this order."""
    kinds: tuple[Kind, ...] = ()
    """Only assets of these kinds; empty means all."""
    filter: Filter | None = None
    """Only assets of which this is true."""
    top: int = 20
    likeness: bool = False
    """Compare examples by looks and sound alone, not by what words would say of them."""
    fusion: Fusion = Fusion.CALIBRATED
    weights: tuple[tuple[str, float], ...] = ()
    """Factors for branches: by modality, or of ``words``, the full text search."""
    group: Group = Group.SHOT
    floor: bool = True
    """Leave out what is no better than the background."""
    within: float = 60.0
    """Seconds that may lie between the moments of two stages."""
    deadline_ms: float | None = None
    """Milliseconds after which branches that have not begun are left out."""
    rerank: str | None = None
    """What puts the best hits in order: ``lm``, ``llm``, or None."""
    rerank_top: int = 50
    """How many hits are reranked."""
    space: str | None = None
    """The space that is asked in the place of the library's default one."""

    @classmethod
    def of(
        cls,
        text: str | None = None,
        *,
        image: str | None = None,
        audio: str | None = None,
        exclude: Sequence[str] = (),
        kinds: tuple[Kind, ...] = (),
        top: int = 20,
    ) -> Query:
        """A query of one stage: a text as it stands, examples by their paths, and texts
        that are not wanted."""
        wanted = ((text, Asked.TEXT), (image, Asked.IMAGE), (audio, Asked.AUDIO))
        parts = [Part(value, asked) for value, asked in wanted if value is not None]
        parts += [Part(value, weight=-1.0) for value in exclude]
        return cls(tuple(parts), kinds=kinds, top=top)

    @property
    def stages(self) -> tuple[tuple[Part, ...], ...]:
        """The parts of every stage, in their order."""
        return (self.parts, *self.then)

    @property
    def text(self) -> str:
        """What is wanted, in words."""
        asked = (part for parts in self.stages for part in parts)
        return " ".join(p.value for p in asked if p.asked is Asked.TEXT and p.weight > 0)


class Placement(StrEnum):
    """Where a filter is applied when a branch is searched."""

    BEFORE = "before"
    """So few moments pass that all of them are scored."""
    INSIDE = "inside"
    """The index passes over what does not."""
    AFTER = "after"
    """What was found is filtered, and more is asked for until there is enough."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One thing to run: a vector against one modality of a space, or words in FTS5."""

    name: str
    """``text``, ``image``, ``audio``, ``words``, ``early`` or ``not``; shown in ``why``."""
    space: str | None
    """None for the full text index."""
    modality: Modality | None
    """None for the full text index, which holds every modality."""
    parts: tuple[Part, ...]
    """What is asked: one part, or several whose vectors are composed into one."""
    weight: float = 1.0
    """Negative for what the user does not want."""
    stage: int = 0
    vectors: int = 0
    """How many it searches."""
    exact: bool = True
    """Every vector is scored, and not the nearest lists alone."""
    placement: Placement | None = None
    """None where nothing is filtered."""

    @property
    def term(self) -> str:
        """What is asked, as the user put it."""
        return " + ".join(part.value for part in self.parts)

    @property
    def asks(self) -> str:
        """The kind of query that backgrounds are known for: ``text``, ``image`` or ``audio``."""
        kinds = {part.asked for part in self.parts}
        return str(kinds.pop()) if len(kinds) == 1 else "text"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query will be run. A plain value: a test can compare two of them."""

    query: Query
    branches: tuple[Branch, ...]
    fetch: int
    """Candidates asked of each branch before fusing."""
    fusion: Fusion = Fusion.CALIBRATED
    """That of the query, or what stands in for it."""
    moments: int = 0
    """How many are searched: those that pass the filter, where there is one."""
    passing: int | None = None
    """Moments that pass the filter; None where there is none."""
    floor: bool = True
    """Leave out what is no better than the background, where that is known."""
    notes: tuple[str, ...] = ()
    """What is not as it was asked, and why, a line each."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What one branch says of the candidates that it can score."""

    branch: Branch
    ids: MomentIds
    """(n,), int64, ascending."""
    raw: NDArray[np.float64]
    """(n,): cosine similarity in [-1, 1], or BM25 (higher is better) for words."""
    log_odds: NDArray[np.float64]
    """(n,): ``raw`` against its background, in nats; comparable between branches."""
    mean: NDArray[np.float64] | None = None
    """(n,): what is expected of each moment; None for words, which have no background."""
    std: float | None = None
    """The deviation of pairs that do not belong together."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one branch."""

    branch: Branch
    found: int
    """Moments that it brought into the ranking."""
    ms: float
    skipped: bool = False
    """The deadline came first."""


@dataclass(frozen=True, slots=True)
class Why:
    """What one branch contributed to a hit."""

    branch: str
    space: str | None
    raw: float
    log_odds: float
    """The raw score against the background of its modality, in nats, before its weight."""
    weight: float = 1.0
    asked: str = ""
    """The text or the example that this is about."""
    mean: float | None = None
    """What is expected of the moment, with which ``raw`` is compared; None for words."""
    std: float | None = None
    """The deviation of pairs that do not belong together."""
    words: str | None = None
    """What was said, or the tags that matched."""


@dataclass(frozen=True, slots=True)
class Span:
    """The moment of an asset that answers one stage, or one part, of a query."""

    moment_id: int
    modality: Modality
    start: float | None
    end: float | None
    asked: str
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A fused result that the user sees. Times are seconds, None for a picture."""

    rank: int
    score: float
    kind: Kind
    path: str
    asset_id: int
    moment_id: int
    modality: Modality
    start: float | None
    end: float | None
    why: tuple[Why, ...]
    more: int = 0
    """Further moments that belong together with this one, of those that were found."""
    spans: tuple[Span, ...] = ()
    """Where each stage is answered, for a query that has several; and for interaction,
    where each part is."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of one query, best first, with what came of it."""

    query: Query
    hits: tuple[Hit, ...]
    took_ms: Mapping[str, float] = field(default_factory=dict)
    """Per stage."""
    plan: Plan | None = None
    outcomes: tuple[Outcome, ...] = ()
    refills: int = 0
    """How often more candidates were asked for, because too few hits were left of them."""
    below: int = 0
    """Moments that were found and left out, because they are no better than the background."""
    partial: bool = False
    """The deadline came before every branch had run."""
    reranked: str | None = None
    """What reranked the hits; None where the fused order stands."""
    notes: tuple[str, ...] = ()
    """What is not as it was asked, and why, a line each."""


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
