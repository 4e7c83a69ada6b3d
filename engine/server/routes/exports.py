"""Routes of exports: data sets of a library, as ZIP archives."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import FileResponse, JSONResponse, Response

from engine.library.facade import Library
from engine.server.access.scopes import needs
from engine.server.jobs.calls import archive_file
from engine.server.routes.context import GREATEST, admission_of, shelf_of
from engine.server.routes.curation import run_summary
from engine.server.routes.documented import fault
from engine.server.routes.job_schemas import JobDocument, LibraryName, Wait
from engine.server.routes.jobs import STARTS_JOB, job_result, start_job
from engine.server.routes.queries import refuse_paths
from engine.server.routes.routers import ReadRouter
from engine.types import ExportFormat, Kind

router = ReadRouter("exports", "/api")


class ExportSettings(BaseModel):
    """The files that are exported, and the format."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"format": "jsonl"},
                {"format": "webdataset", "query": "a dog", "top": 200, "kinds": ["image"]},
            ]
        },
    )

    library: LibraryName = None
    format: ExportFormat
    kinds: Annotated[list[Kind], Field(max_length=3, description="None for all.")] = []
    where: Annotated[
        list[str], Field(max_length=32, description="Filters that all have to be true.")
    ] = []
    query: str | None = Field(
        default=None, max_length=4000, description="Only the files that this search finds."
    )
    top: int = Field(default=1000, ge=1, le=1_000_000, description="Hits of `query`, at most.")
    run: int | None = Field(
        default=None, ge=1, description="Only what this run selected, or found nothing against."
    )
    spaces: Annotated[list[str], Field(max_length=32, description="None for all.")] = []
    vectors: bool | None = Field(default=None, description="null for what the format does.")
    assets: list[Annotated[int, Field(ge=0, le=GREATEST)]] | None = Field(
        default=None, min_length=1, max_length=10_000,
        description="Only these files, by the numbers that hits have.",
    )  # fmt: skip


@router.post(
    "/exports", dependencies=[needs("index")], status_code=202, response_model=JobDocument,
    responses={**STARTS_JOB, 404: fault("There is no library of that name, or no such run.")},
)  # fmt: skip
async def export(request: Request, body: ExportSettings, wait: Wait = 0.0) -> JSONResponse:
    """Start to write files, what is known of them and their vectors to a ZIP archive.

    The server keeps the last three of a library.
    """
    name, library = shelf_of(request).entry(body.library)
    refuse_paths(Library.query(body.query, where=body.where))
    if (run := body.run) is not None:
        await admission_of(request).run(lambda: run_summary(library, run))
    arguments = body.model_dump(mode="json", exclude={"library"}, exclude_defaults=True)
    return await start_job(request, name, "export", arguments, wait)


_DOWNLOADS: dict[int | str, dict[str, Any]] = {
    404: fault("There is no job of that id."),
    409: fault("The job is no export, or is not done."),
    410: fault("The archive was deleted, or later ones have taken its place."),
}


@router.get(
    "/exports/{job}", response_class=FileResponse,
    responses={
        **_DOWNLOADS, 200: {"content": {"application/zip": {}}},
        206: {"description": "The part that Range asked for."},
        416: fault("The archive has no such part."),
    },
)  # fmt: skip
async def download(request: Request, job: str) -> FileResponse:
    """Return the archive of an export; a Range goes on where a download was cut off."""
    file = job_result(request, job, "export", archive_file)
    return FileResponse(file, media_type="application/zip", filename=f"export-{job}.zip")


@router.delete(
    "/exports/{job}", dependencies=[needs("index")], status_code=204, responses={**_DOWNLOADS}
)
async def delete(request: Request, job: str) -> Response:
    """Delete the archive of an export; the record of its job stays."""
    file = job_result(request, job, "export", archive_file)
    await admission_of(request).run(lambda: file.unlink(missing_ok=True))
    return Response(status_code=204)
