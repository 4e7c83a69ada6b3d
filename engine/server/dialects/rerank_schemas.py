"""Bodies and answers of reranking, which make the OpenAPI page."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class DocumentBody(BaseModel):
    """A document that is no plain string."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"moment": 17}]})

    text: str | None = None
    image: str | None = Field(default=None, description="A URL, a data: URL, or base64.")
    moment: int | None = Field(default=None, description="A moment of the library, as hits have.")


class RerankBody(BaseModel):
    """A request of Jina's, Cohere's or vLLM's clients."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "model": "compact-multilingual",
                    "query": "how do I reset my password",
                    "documents": ["Settings, account, reset.", "It will rain."],
                    "top_n": 1,
                },
                {"query": "a dog", "documents": [{"moment": 17}, {"text": "a puppy"}]},
            ]
        },
    )

    model: str | None = Field(default=None, description="An encoder; none for the first library's.")
    query: str | dict[str, Any]
    documents: list[str | DocumentBody] | dict[str, Any]
    top_n: int | None = Field(default=None, ge=1)
    return_documents: bool = False
    rank_fields: list[str] | None = Field(
        default=None, description="The fields of documents that are read; `text` by default."
    )
    library: str | None = Field(
        default=None, description="The library of moments; the first that has the model by default."
    )


class RerankRow(BaseModel):
    """One document."""

    index: int = Field(description="Its place in the request.")
    relevance_score: float = Field(description="The probability that it answers, in [0, 1].")
    document: dict[str, Any] | None = None


class RerankAnswer(BaseModel):
    """The documents, the most relevant first."""

    id: str
    object: str
    model: str
    results: list[RerankRow]
    usage: dict[str, int]
    meta: dict[str, Any]
