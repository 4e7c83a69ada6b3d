"""Routes of the state of libraries: what they hold, what it takes, and whether all is well."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from engine.library.facade import Library
from engine.server.routes.context import Names, admission_of, json_answer, shelf_of
from engine.server.routes.routers import ReadRouter
from engine.types import Kind, Modality

router = ReadRouter("library", "/api")


class SpaceOverview(BaseModel):
    """A space, and what it has of each modality."""

    name: str
    encoder: str
    role: str = Field(description="text, further or likeness.")
    default: bool
    state: str = Field(
        description="ready, filling until it has all that it should, or empty: indexing fills it."
    )
    dim: int
    bytes: int = Field(description="On disk, its indexes included.")
    vectors: dict[Modality, int] = Field(description="Vectors of living moments.")


class IndexOverview(BaseModel):
    """An index on disk, and how much of what is nearest it was measured to find."""

    space: str
    modality: Modality
    count: int
    form: str = Field(description="The factory string of FAISS.")
    recall: dict[str, float] = Field(
        description="recall@10 by kind of query: `stored` vectors, and `text`."
    )
    target: float


class LibraryOverviewDocument(BaseModel):
    """A library: what it holds, what that takes, and how well it is found."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "library": "photos", "path": "/home/ann/photos.library",
                    "encoder": "compact", "generation": 12, "assets": {"image": 310, "video": 12},
                    "moments": {"image": 310, "keyframe": 480, "sound": 95},
                    "sizes": {
                        "catalog": 901120, "vectors": 2300100, "indexes": 0, "thumbnails": 1200300,
                        "other": 1200,
                    },
                    "free": 51234567890,
                    "spaces": [
                        {
                            "name": "compact", "encoder": "compact", "role": "text",
                            "default": True, "state": "ready", "dim": 384, "bytes": 1400300,
                            "vectors": {"image": 310, "keyframe": 480, "sound": 95},
                        }
                    ],
                    "indexes": [], "failures": 2, "pending": 0, "missing": 0, "unread": 0,
                    "tombstones": 0, "segments": 3, "tags": 4, "runs": 1,
                    "roots": ["/home/ann/photos"], "warnings": [],
                }
            ]
        }
    )  # fmt: skip

    library: str
    path: str = Field(description="The folder of the library.")
    encoder: str
    generation: int = Field(description="It grows with every change to what can be found.")
    assets: dict[Kind, int] = Field(description="Files by kind.")
    moments: dict[Modality, int]
    sizes: dict[str, int] = Field(
        description="Bytes of `catalog`, `vectors`, `indexes`, `thumbnails` and `other`."
    )
    free: int = Field(description="Bytes that are free on the disk of the library.")
    spaces: list[SpaceOverview]
    indexes: list[IndexOverview] = Field(
        description="Those on disk; a space without one is searched exactly, in memory."
    )
    failures: int
    pending: int = Field(description="Files that are to be indexed again.")
    missing: int = Field(description="Files that vanished in bulk, which searches leave out.")
    unread: int = Field(description="Pictures and videos whose text was not looked for yet.")
    tombstones: int = Field(description="Deleted moments whose vectors are still there.")
    segments: int
    tags: int = Field(description="Tags that are given to files.")
    runs: int = Field(description="Runs of curation that are recorded.")
    roots: list[str] = Field(description="Folders that it was indexed from.")
    warnings: list[str] = Field(description="Repairs that were made when it was opened.")


class LibraryOverviews(BaseModel):
    """Overviews of libraries."""

    libraries: list[LibraryOverviewDocument]


@router.get("/overview", response_model=LibraryOverviews)
async def overview(request: Request, library: Names = []) -> JSONResponse:  # noqa: B006
    """Tell what libraries hold, what that takes on disk, and how well it is found."""
    chosen = shelf_of(request).libraries(library)

    def look() -> list[dict[str, Any]]:
        return [_overview(name, each) for name, each in chosen]

    return json_answer({"libraries": await admission_of(request).run(look)})


def _overview(name: str, library: Library) -> dict[str, Any]:
    found = library.overview()
    stats = {
        field: getattr(found.stats, field)
        for field in (
            "failures", "pending", "missing", "unread", "tombstones", "segments", "runs",
        )
    }  # fmt: skip
    return {
        "library": name, "path": str(library.path), "encoder": found.encoder,
        "generation": found.generation, "assets": dict(found.stats.assets),
        "moments": dict(found.stats.moments), "sizes": dict(found.sizes), "free": found.free,
        "spaces": [
            {field: getattr(each, field) for field in SpaceOverview.model_fields}
            | {"vectors": dict(each.vectors)}
            for each in found.spaces
        ],
        "indexes": [
            {
                "space": each.space, "modality": each.modality, "count": each.manifest.count,
                "form": each.manifest.key, "recall": dict(each.manifest.tuning.recall),
                "target": each.manifest.target_recall,
            }
            for each in found.indexes
        ],
        **stats, "tags": len(found.stats.tags), "roots": [*found.roots],
        "warnings": [*found.warnings],
    }  # fmt: skip


class HealthDocument(BaseModel):
    """The outcome of checking a library against itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "library": "photos", "problems": [], "codes": [], "segments": 3, "vectors": 885,
                    "moments": 885, "quarantine": [],
                }
            ]
        }
    )  # fmt: skip

    library: str
    problems: list[str] = Field(description="One line each, with the way out; none is well.")
    codes: list[str] = Field(description="What each of the problems is, for programs.")
    segments: int
    vectors: int
    moments: int
    quarantine: list[str] = Field(description="Files that belong to the library no more.")


class HealthList(BaseModel):
    """The outcome of checking libraries."""

    libraries: list[HealthDocument]


@router.get("/verify", response_model=HealthList)
async def verify(request: Request, library: Names = []) -> JSONResponse:  # noqa: B006
    """Check libraries against themselves, by names, sizes and counts; nothing is changed."""
    chosen = shelf_of(request).libraries(library)

    def check() -> list[dict[str, Any]]:
        names = HealthDocument.model_fields.keys() - {"library", "codes"}
        reports = [(name, each.verify()) for name, each in chosen]
        return [
            {"library": name, "codes": [problem.code for problem in report.problems]}
            | {field: getattr(report, field) for field in names}
            for name, report in reports
        ]

    return json_answer({"libraries": await admission_of(request).run(check)})


class ReasonDocument(BaseModel):
    """A reason for which files of a library could not be indexed."""

    library: str
    reason: str = Field(description="With … for numbers, in which those of one kind differ.")
    code: str | None = Field(description="The code of the error, as /api/failures has it.")
    count: int
    retryable: int = Field(description="How many may be read when they are tried again as is.")
    example: str = Field(description="The path of one.")


class ReasonList(BaseModel):
    """Reasons for which files could not be indexed, the most frequent first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reasons": [
                        {
                            "library": "photos", "reason": "truncated PNG after … bytes",
                            "code": "corrupt_media", "count": 3, "retryable": 0,
                            "example": "/home/ann/photos/a.png",
                        }
                    ]
                }
            ]
        }
    )  # fmt: skip

    reasons: list[ReasonDocument]


@router.get("/failures/reasons", response_model=ReasonList)
async def reasons(
    request: Request,
    library: Names = [],  # noqa: B006
    skipped: Annotated[
        bool, Query(description="Instead, of files of known types that are not read.")
    ] = False,
) -> JSONResponse:
    """Count the files that could not be indexed by why; `/api/failures?reason=` lists them."""
    chosen = shelf_of(request).libraries(library)

    def read() -> list[dict[str, Any]]:
        return [
            {"library": name, **asdict(each)}
            for name, of in chosen
            for each in of.failure_reasons(skipped=skipped)
        ]

    return json_answer({"reasons": await admission_of(request).run(read)})
