"""The bodies of requests to the native routes, which make the OpenAPI page."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from engine.types import Kind

MOST_HITS = 500
"""Hits of one page."""
_Libraries = Annotated[
    list[str], Field(max_length=32, description="Names of libraries; none for all.")
]
_Top = Annotated[int, Field(ge=1, le=MOST_HITS, description="Hits of a page.")]
_Kinds = Annotated[list[Kind], Field(max_length=3, description="Only these kinds of files.")]
_Where = Annotated[list[str], Field(max_length=32, description="Filters that all have to be true.")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")

    libraries: _Libraries = []
    top: _Top = 20
    kinds: _Kinds = []
    where: _Where = []
    likely: bool = Field(
        default=False, description="Only hits that are more likely than not right."
    )


class SearchRequest(_Request):
    """A search in the query language."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"text": "a dog at the beach", "top": 20},
                {"text": "2: red car - night", "kinds": ["image"], "where": ["date >= 2024"]},
                {"text": "kind:video", "sort": "date"},
            ]
        },
    )

    text: str = Field(max_length=4000, description="Words, weights, - and +, then, filters.")
    space: str | None = Field(default=None, max_length=200, description="The space that is asked.")
    sort: str | None = Field(default=None, description="likely, date, size or path.")
    cursor: str | None = Field(
        default=None,
        max_length=200,
        description="`next` of the page before, for the page after it.",
    )
    explain: bool = Field(default=False, description="Tell how the query was planned, as text.")


class SimilarRequest(_Request):
    """A search by an example: a file or a moment of a library, or a URL."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"moment": 17, "top": 20}]}
    )

    asset: int | None = Field(default=None, description="The number of a file.")
    moment: int | None = Field(default=None, description="The number of a moment.")
    url: str | None = Field(default=None, max_length=4000, description="http or https, and public.")
    example_library: str | None = Field(
        default=None, description="The library that has the example; the first by default."
    )
