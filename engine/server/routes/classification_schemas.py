"""Bodies and answers of classification, which make the OpenAPI page."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.server.routes.field_types import FiniteNumber, Kinds, Where, Word
from engine.server.routes.job_schemas import LibraryName


class ClassifyBody(BaseModel):
    """Labels, of which each file gets the one that fits it best."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"labels": ["cat", "dog"], "unknown": True},
                {"labels": {"beach": ["a sandy shore"], "city": []}, "kinds": ["image"]},
            ]
        },
    )

    library: LibraryName = None
    labels: list[Word] | dict[Word, list[Word]] = Field(
        min_length=1, max_length=1000, description="Names, or names with further descriptions."
    )
    kinds: Kinds = []
    where: Where = []
    unknown: bool = Field(default=False, description="Let a file be none of the labels.")
    multi: bool = Field(default=False, description="Decide each label by itself.")
    threshold: FiniteNumber | None = Field(default=None, ge=0, le=1)
    templates: Literal["default", "imagenet", "sound"] = "default"
    top: int | None = Field(default=None, ge=1, le=1000, description="Labels of a result.")
    apply_tags: bool = Field(default=False, description="Tag the files; the run can be undone.")


class ResultDocument(BaseModel):
    """The labels of a file."""

    file: str
    kind: str
    label: str | None = Field(description="null where it is none of the labels.")
    probability: float
    known: float = Field(description="Probability that it is any of the labels.")
    by: str = Field(description="The modality that decided.")
    start: float | None
    end: float | None
    labels: list[str]
    probabilities: list[float]
    chosen: int = Field(description="How many of `labels`, from the first, the file is given.")
    asset_id: int
    moment_id: int


class ResultsPage(BaseModel):
    """A page of the results of a classification."""

    results: list[ResultDocument]
    next: int | None = Field(default=None, description="`skip` of the next page.")
    total: int = Field(description="Results that there are, of the label that is asked for.")


class LabelCountDocument(BaseModel):
    """A label, and how many files have it."""

    label: str
    at_least: list[int] = Field(
        description="Files that have it with a probability of at least 0, 0.01, 0.02 ... 1."
    )


class ResultCounts(BaseModel):
    """Counts of the files that have each label, for any threshold."""

    total: int = Field(description="Files that were classified.")
    labels: list[LabelCountDocument]


class ApplyLabelsRequest(BaseModel):
    """The labels of a classification that become tags."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"threshold": 0.4, "labels": ["beach"]}]}
    )

    threshold: FiniteNumber = Field(
        default=0, ge=0, le=1, description="Only labels that are at least so probable."
    )
    labels: list[Word] = Field(default=[], max_length=1000, description="Only these; none for all.")
