"""Bodies of requests to the routes that search, which make the OpenAPI page."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from engine.server.routes.context import GREATEST
from engine.types import Fusion, Group, Kind, Sort

MOST_HITS = 500
"""Hits of one page."""
Text = Annotated[str, Field(max_length=4000)]
LibraryName = Annotated[str, Field(max_length=255)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Number = Annotated[int, Field(ge=0, le=GREATEST)]
_Libraries = Annotated[
    list[LibraryName], Field(max_length=32, description="Names of libraries; none for all.")
]
_Top = Annotated[int, Field(ge=1, le=MOST_HITS, description="Hits of a page.")]
_Kinds = Annotated[list[Kind], Field(max_length=3, description="Only these kinds of files.")]
_Where = Annotated[
    list[Text], Field(max_length=32, description="Filters that all have to be true.")
]


class PagedRequest(BaseModel):
    """The part that all searches share: where, how many, in what order."""

    model_config = ConfigDict(extra="forbid")

    libraries: _Libraries = []
    top: _Top = 20
    kinds: _Kinds = []
    where: _Where = []
    likely: bool = Field(
        default=False, description="Only hits that are more likely than not right."
    )
    sort: Sort | None = Field(
        default=None,
        description="The order of hits; of words, the thousand likeliest are put in it."
        " `date` with `likely` is all that is likely, the newest first.",
    )
    group: Group = Field(
        default=Group.SHOT,
        description="The moments that are one hit, which counts the others in `more`: of a shot,"
        " of a file (`asset`), near copies anywhere (`alike`), or none.",
    )
    fusion: Fusion = Field(default=Fusion.CALIBRATED, description="The way in which scores merge.")
    weights: dict[str, float] = Field(
        default={}, max_length=8, description="Factors by modality, or of `words`."
    )
    within: float = Field(
        default=60.0, ge=0, le=1e9, description="Seconds between the stages of a `then`."
    )
    deadline_ms: float | None = Field(
        default=None, ge=1, le=1e9,
        description="Milliseconds after which what has not begun is left out of the search.",
    )  # fmt: skip
    cursor: str | None = Field(
        default=None,
        max_length=200,
        description="`next` of the page before, for the page after it.",
    )
    explain: bool = Field(
        default=False, description="Tell how each library planned the query, as text."
    )


class SearchRequest(PagedRequest):
    """A search in the query language."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"text": "a dog at the beach", "top": 20},
                {"text": "2: red car - night", "kinds": ["image"], "where": ["date >= 2024"]},
                {"text": "a birthday cake", "sort": "date", "likely": True, "group": "alike"},
                {"text": "kind:video", "sort": "date"},
            ]
        },
    )

    text: Text = Field(
        default="", description="Words, weights, - and +, then, filters; or filters alone."
    )
    space: str | None = Field(default=None, max_length=200, description="The space that is asked.")


class RegionBody(BaseModel):
    """A part of a picture, as fractions of its width and height."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"x": 0.5, "y": 0, "w": 0.5, "h": 1}]}
    )

    x: Fraction
    y: Fraction
    w: Fraction
    h: Fraction

    @property
    def sides(self) -> tuple[float, float, float, float]:
        """The region as the engine takes it."""
        return self.x, self.y, self.w, self.h


class ExampleBody(BaseModel):
    """An example: a file or a moment of a library, or a URL; all of it, or a region."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"moment": 17}, {"asset": 3}]}
    )

    asset: _Number | None = Field(default=None, description="The number of a file.")
    moment: _Number | None = Field(default=None, description="The number of a moment.")
    url: Text | None = Field(default=None, description="http or https, and public.")
    example_library: LibraryName | None = Field(
        default=None, description="The library that has the example; the first by default."
    )
    region: RegionBody | None = Field(
        default=None, description="The part that is meant of what is seen."
    )


class SimilarRequest(PagedRequest, ExampleBody):
    """A search by examples, mixed with words: more like these, less like those."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"moment": 17, "top": 20},
                {"asset": 3, "region": {"x": 0.5, "y": 0, "w": 0.5, "h": 1}, "text": "at night"},
                {"moment": 17, "more": [{"moment": 18}], "less": [{"moment": 40}]},
            ]
        },
    )

    text: Text = Field(default="", description="Words that are looked for besides.")
    more: list[ExampleBody] = Field(default=[], max_length=8, description="Further examples.")
    less: list[ExampleBody] = Field(
        default=[], max_length=8, description="Examples whose likeness counts against a moment."
    )
