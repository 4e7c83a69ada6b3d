"""Answers of the native routes, which make the OpenAPI page; tests compare answers with them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from engine.types import Kind, Modality

_RAW = "The bytes of the name in base64, where it is no UTF-8."


class WhyAnswer(BaseModel):
    """The contribution of one branch to a hit; the evidence is log odds times weight."""

    branch: str = Field(description="text, image, audio, concept, words, early or not.")
    space: str | None
    raw: float
    log_odds: float
    weight: float
    asked: str
    asked_bytes: str | None = Field(default=None, description=_RAW)
    mean: float | None
    std: float | None
    words: str | None


class SpanAnswer(BaseModel):
    """The moment that answers a stage, or a part, of a query that has several."""

    moment_id: int
    modality: Modality
    start: float | None
    end: float | None
    asked: str
    asked_bytes: str | None = Field(default=None, description=_RAW)
    words: str | None


class FileFacts(BaseModel):
    """Facts of a file by which a page lays it out; sizes are as shown, upright."""

    width: int | None = Field(description="Pixels.")
    height: int | None = Field(description="Pixels.")
    duration: float | None = Field(description="Seconds.")
    date: str | None = Field(description="The time when it was made, without a zone.")
    size: int | None = Field(description="Bytes.")


class HitAnswer(BaseModel):
    """A moment that was found. Times are seconds, null for a picture."""

    rank: int
    score: float
    kind: Kind
    path: str
    path_bytes: str | None = Field(default=None, description=_RAW)
    asset_id: int
    moment_id: int = Field(description="0 for a file without moments, such as a silence.")
    modality: Modality
    start: float | None
    end: float | None
    why: list[WhyAnswer]
    more: int = Field(description="Further moments that belong together with this.")
    spans: list[SpanAnswer]
    confidence: float = Field(description="The probability, 0 to 1, that it is an answer.")
    likely: bool
    others: list[int] = Field(description="The first of the `more` moments, 50 at most.")
    library: str
    thumbnail: str | None = Field(description="Where a JPEG of the moment is.")
    media: str = Field(description="Where the file is.")
    file: FileFacts


class HitPage(BaseModel):
    """A page of hits, the best first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "hits": [], "next": None, "below": 0, "partial": False, "notes": [],
                    "took_ms": {"photos": {"encode": 3.1, "search": 2.2, "total": 6.0}},
                }
            ]
        }
    )  # fmt: skip

    hits: list[HitAnswer]
    next: str | None = Field(description="The cursor of the page after this; null at the end.")
    below: int = Field(description="Moments that were found and are less likely than not.")
    partial: bool = Field(description="The deadline came before all had been searched.")
    notes: list[str]
    took_ms: dict[str, dict[str, float]] = Field(description="By library and stage.")
    plans: dict[str, str] | None = Field(default=None, description="By library, where asked for.")


class TagAnswer(BaseModel):
    """A word that was recognised, with its probability."""

    word: str
    weight: float


class MomentAnswer(BaseModel):
    """A moment of a file. Times are seconds, null for a picture."""

    moment_id: int
    asset_id: int
    path: str
    path_bytes: str | None = Field(default=None, description=_RAW)
    kind: Kind
    modality: Modality
    start: float | None
    end: float | None
    ordinal: int = Field(description="The frame of an animation, or the page of a TIFF.")
    text: str | None = Field(description="What is said, or to be read.")
    tags: list[TagAnswer]
    library: str
    thumbnail: str
    media: str
    file: FileFacts | None = Field(default=None, description="In lists by number alone.")


class MomentList(BaseModel):
    """A page of moments."""

    total: int
    moments: list[MomentAnswer]


class NeighboursAnswer(BaseModel):
    """A moment, and those beside it in its file that are perceived in the same way."""

    before: list[MomentAnswer]
    moment: MomentAnswer
    after: list[MomentAnswer]


class TownAnswer(BaseModel):
    """A town that a place is near to, by GeoNames."""

    name: str
    country: str = Field(description="The code of ISO 3166, such as AT.")
    km: float = Field(description="How far its middle is.")


class PlaceAnswer(BaseModel):
    """A place in degrees."""

    latitude: float
    longitude: float
    near: TownAnswer | None = Field(
        default=None, description="Of a single file, where the extra `places` is installed."
    )


class AssetAnswer(FileFacts):
    """A file of a library."""

    asset_id: int
    path: str
    path_bytes: str | None = Field(default=None, description=_RAW)
    kind: Kind
    format: str = Field(examples=["jpeg"])
    content_hash: str = Field(description="BLAKE2b-256 of the bytes.")
    taken_at: str | None = Field(description="When the media says that it was made.")
    place: PlaceAnswer | None
    caption: str | None
    caption_bytes: str | None = Field(default=None, description=_RAW)
    texts: str | None
    texts_bytes: str | None = Field(default=None, description=_RAW)
    tags: list[str] = Field(description="Tags that people, and runs for them, gave it.")
    library: str
    first_moment: int | None
    thumbnail: str | None
    media: str


class AssetList(BaseModel):
    """A page of files."""

    total: int
    assets: list[AssetAnswer]


class KeyframeAnswer(BaseModel):
    """A keyframe, with the shot that it shows in seconds."""

    moment_id: int
    start: float | None
    end: float | None
    thumbnail: str


class KeyframeList(BaseModel):
    """The keyframes of a video in their order."""

    duration: float | None
    keyframes: list[KeyframeAnswer]


class WaveformAnswer(BaseModel):
    """The outline of a sound: the least and greatest sample, -1 to 1, of equal stretches."""

    duration: float
    start: float
    end: float
    low: list[float]
    high: list[float]


class TranscriptLineAnswer(BaseModel):
    """A text that is said (speech), or to be read (screen). Times are seconds."""

    moment_id: int
    modality: Modality
    start: float | None
    end: float | None
    text: str


class TranscriptAnswer(BaseModel):
    """The texts of a file, in the order of their times."""

    lines: list[TranscriptLineAnswer]


class LibraryAnswer(BaseModel):
    """A library, with its counts."""

    name: str
    encoder: str
    generation: int = Field(description="Grows with each change to what can be found.")
    assets: dict[Kind, int]
    moments: dict[Modality, int]


class LibraryList(BaseModel):
    """The libraries of this server, the default one first."""

    libraries: list[LibraryAnswer]


class SpaceAnswer(BaseModel):
    """An embedding space of a library."""

    library: str
    name: str
    encoder: str
    dim: int
    state: str = Field(description="default, ready, filling, further, likeness, or empty.")
    way_out: str | None = Field(description="What to do where it is filling or empty.")


class SpaceList(BaseModel):
    """The embedding spaces of libraries."""

    spaces: list[SpaceAnswer]


class PlaceCellAnswer(BaseModel):
    """A box of the earth in degrees, and the files that were made in it."""

    south: float
    west: float
    north: float
    east: float
    latitude: float
    longitude: float
    count: int


class FacetsAnswer(BaseModel):
    """The number of files by each thing that filters can ask for."""

    total: int
    kinds: dict[Kind, int]
    years: dict[str, int]
    months: dict[str, int]
    folders: dict[str, int]
    tags: dict[str, int]
    places: list[PlaceCellAnswer]


class PieceAnswer(BaseModel):
    """A piece of a query: characters [begin, end) of it."""

    role: str = Field(description="word, phrase, sign, weight, example, filter or then.")
    begin: int
    end: int
    field: str | None
    value: str | None
    negated: bool


class MistakeAnswer(BaseModel):
    """Characters [begin, end) of a query that cannot be read, and the way out."""

    begin: int
    end: int
    wrong: str
    advice: str


class ParsedAnswer(BaseModel):
    """A query as it is read. Places count characters (Unicode code points)."""

    text: str
    pieces: list[PieceAnswer]
    mistakes: list[MistakeAnswer]
    asked: list[str]
    excluded: list[str]
    kinds: list[Kind]
    notes: list[str]


class SuggestionAnswer(BaseModel):
    """A text that can stand in the place of the characters [begin, end)."""

    text: str
    begin: int
    end: int
    what: str = Field(description="field, value or name.")
    says: str


class SuggestionList(BaseModel):
    """Completions of a query, the likeliest first."""

    suggestions: list[SuggestionAnswer]
