"""The route of what a library holds, in figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from engine.server.routes.context import Names, admission_of, json_answer, shelf_of
from engine.server.routes.routers import ReadRouter
from engine.types import Kind, Modality

router = ReadRouter("native", "/api")


class StatsDocument(BaseModel):
    """Counts of a library, and its size."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "library": "photos", "encoder": "compact-multilingual",
                    "assets": {"image": 310, "video": 12, "audio": 0},
                    "moments": {"image": 310, "keyframe": 480, "sound": 95},
                    "vectors": {"compact-multilingual": 885}, "pending": 0, "missing": 0,
                    "failures": 2, "unread": 0, "tombstones": 0, "segments": 3, "runs": 4,
                    "tags": {"beach": 12}, "bytes": 5400123, "roots": ["/home/ann/photos"],
                }
            ]
        }
    )  # fmt: skip

    library: str
    encoder: str
    assets: dict[Kind, int] = Field(description="Files by kind.")
    moments: dict[Modality, int]
    vectors: dict[str, int] = Field(description="Vectors by space, those of deleted ones included.")
    pending: int = Field(description="Files that are to be indexed again.")
    missing: int = Field(description="Files that vanished in bulk, which searches leave out.")
    failures: int
    unread: int = Field(description="Pictures and videos whose text was not looked for yet.")
    tombstones: int
    segments: int
    runs: int = Field(description="Runs of curation that are recorded.")
    tags: dict[str, int] = Field(description="Files by the tags that they were given.")
    bytes: int = Field(description="Size of all files in the library's folder.")
    roots: list[str] = Field(description="Folders that it was indexed from.")


class StatsList(BaseModel):
    """Counts of libraries."""

    libraries: list[StatsDocument]


@router.get("/stats", response_model=StatsList)
async def stats(request: Request, library: Names = []) -> JSONResponse:  # noqa: B006
    """Count what libraries hold."""
    chosen = shelf_of(request).libraries(library)

    def count() -> list[dict[str, Any]]:
        return [
            {"library": name, "encoder": each.encoder, "roots": each.roots()} | asdict(each.stats())
            for name, each in chosen
        ]

    return json_answer({"libraries": await admission_of(request).run(count)})
