"""Answers of transcriptions, which make the OpenAPI page."""

from __future__ import annotations

from pydantic import BaseModel, Field


class DurationUsage(BaseModel):
    """The seconds of sound that were heard."""

    type: str = "duration"
    seconds: float


class SegmentRow(BaseModel):
    """A sentence. What OpenAI's segments have of the decoder is there and says nothing."""

    id: int
    start: float
    end: float
    text: str
    seek: int
    tokens: list[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class WordRow(BaseModel):
    """A word."""

    word: str
    start: float
    end: float


class TranscriptionAnswer(BaseModel):
    """The words of a recording; all but `text` and `usage` belongs to `verbose_json`."""

    text: str = Field(examples=["Password incorrect."])
    usage: DurationUsage
    task: str | None = None
    language: str | None = Field(default=None, examples=["en"])
    duration: float | None = None
    segments: list[SegmentRow] | None = None
    words: list[WordRow] | None = None
