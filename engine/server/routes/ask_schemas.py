"""Bodies and answers of questions to the library, which make the OpenAPI page."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from engine.server.asking.asked_question import SECONDS
from engine.server.routes.context import GREATEST
from engine.server.routes.schemas import LibraryName, Text
from engine.types import Kind, Modality

_Question = Annotated[str, Field(max_length=2_000)]


class AskedFile(BaseModel):
    """A file of a library that a question is about."""

    model_config = ConfigDict(extra="forbid")

    asset: Annotated[int, Field(ge=0, le=GREATEST)]
    library: LibraryName


class AskRequest(BaseModel):
    """A question to libraries."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"question": "what did the doctor say about the tablets?"},
                {"question": "which pictures show a dog?", "where": ["date >= 2024"]},
                {
                    "question": "and after that?", "about": {"asset": 3, "library": "home"},
                    "earlier": ["what is said about the budget?"], "stream": True,
                },
            ]
        },
    )  # fmt: skip

    question: _Question
    libraries: Annotated[
        list[LibraryName], Field(max_length=32, description="Names of libraries; none for all.")
    ] = []
    where: Annotated[
        list[Text], Field(max_length=32, description="Filters that all have to be true.")
    ] = []
    about: AskedFile | None = Field(
        default=None,
        description="The one file that is asked about; then `libraries` is not heeded.",
    )
    earlier: Annotated[
        list[_Question], Field(max_length=50, description="Questions before it, the first first.")
    ] = []
    seconds: float | None = Field(
        default=None, gt=0, le=SECONDS,
        description="Seconds that the answer may take; what was found by then is quoted.",
    )  # fmt: skip
    stream: bool = Field(default=False, description="Server-sent events, a sentence each.")
    explain: bool = Field(
        default=False, description="Tell what was searched for, found, left out and spent."
    )


class SentenceAnswer(BaseModel):
    """A sentence, and the numbers of the moments that bear it."""

    text: str
    cites: list[int]


class CitationAnswer(BaseModel):
    """A moment that is cited. Times are seconds, null for a picture."""

    number: int
    title: str = Field(description="The path of the file, with the time.")
    url: str = Field(description="Where the page shows it.")
    library: str
    path: str
    path_bytes: str | None = None
    kind: Kind
    asset_id: int
    moment_id: int
    modality: Modality
    start: float | None
    end: float | None
    claim: str = Field(description="The way in which it bears the sentence: says, reads, shows ...")
    text: str
    confidence: float
    verdict: float | None
    date: str | None
    place: tuple[float, float] | None = Field(description="Latitude and longitude.")
    thumbnail: str | None
    media: str


class AskAnswer(BaseModel):
    """An answer."""

    question: str
    found: bool = Field(description="False where nothing in the libraries bears the question.")
    text: str = Field(description="The sentences with their numbers.")
    sentences: list[SentenceAnswer]
    citations: list[CitationAnswer]
    nearest: list[CitationAnswer] = Field(
        description="What comes nearest, best first, where nothing was found; no answer."
    )
    model: str = Field(description="The model that wrote it; `extractive` for none.")
    notes: list[str]
    records: dict[str, dict[str, Any]] | None = Field(
        default=None, description="By library, where `explain` asks for it."
    )
    explained: dict[str, str] | None = Field(default=None, description="The same as text.")
