"""Answers of transcriptions, which make the OpenAPI page."""

from __future__ import annotations

from pydantic import BaseModel, Field


class DurationUsage(BaseModel):
    """How much was heard."""

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
    """What is said; all but `text` and `usage` is of `verbose_json`."""

    text: str = Field(examples=["Password incorrect."])
    usage: DurationUsage
    task: str | None = None
    language: str | None = Field(default=None, examples=["en"])
    duration: float | None = None
    segments: list[SegmentRow] | None = None
    words: list[WordRow] | None = None
