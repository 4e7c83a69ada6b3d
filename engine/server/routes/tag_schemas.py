"""Bodies and answers of the routes of tags, which make the OpenAPI page."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from engine.server.routes.field_types import Word
from engine.server.routes.job_schemas import LibraryName


class TagsRequest(BaseModel):
    """Tags that files are to get and to lose."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"assets": [7, 9], "add": ["beach"]}]}
    )

    library: LibraryName = None
    assets: list[int] = Field(
        min_length=1, max_length=10_000, description="The numbers of files, which hits have."
    )
    add: list[Word] = Field(default=[], max_length=64)
    remove: list[Word] = Field(default=[], max_length=64)


class TagsCountRequest(BaseModel):
    """Files whose tags are counted."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"assets": [7, 9]}]})

    library: LibraryName = None
    assets: list[int] = Field(
        min_length=1, max_length=10_000, description="The numbers of files, which hits have."
    )


class TagsChanged(BaseModel):
    """The tags that were given and taken."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"run": 4, "given": 2, "taken": 0}]})

    run: int | None = Field(description="The run to undo; null where all was so already.")
    given: int
    taken: int


class TagCount(BaseModel):
    """A tag, and how many files have it."""

    tag: str
    files: int


class TagList(BaseModel):
    """The tags of libraries, the most frequent first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"tags": [{"tag": "beach", "files": 12}]}]}
    )

    tags: list[TagCount]
