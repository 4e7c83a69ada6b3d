"""Routes of pages that a library makes of its own moments: reports, stories and lessons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import FileResponse, JSONResponse

from engine.library.facade import Library
from engine.server.access.media_access import asset_of
from engine.server.access.scopes import needs
from engine.server.jobs.page_calls import PAGES, page_file
from engine.server.problems import Problem
from engine.server.routes.context import GREATEST, admission_of, shelf_of
from engine.server.routes.documented import fault
from engine.server.routes.job_schemas import JobDocument, LibraryName, Wait
from engine.server.routes.jobs import STARTS_JOB, job_result, runner_of, start_job
from engine.server.routes.queries import refuse_paths
from engine.server.routes.routers import ReadRouter
from engine.types import Kind

router = ReadRouter("pages", "/api")
_POLICY = (
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)
"""A page shows what is inside of it, and runs nothing."""
_Asset = Annotated[int, Field(ge=0, le=GREATEST, description="A file, by its number.")]
_MOST_FILES = 300


class ReportRequest(BaseModel):
    """A video or a sound that is reported on, and questions about it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"asset": 7, "questions": ["Who speaks?"]}]}
    )

    library: LibraryName = None
    asset: _Asset
    questions: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=2000)]],
        Field(max_length=20, description="Answered from this file alone."),
    ] = []


class StoryRequest(BaseModel):
    """Pictures and videos that a story is of: an album or a search, or files that are named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"asked": "a dog"}, {"asked": "Our day", "assets": [7]}]},
    )

    library: LibraryName = None
    asked: str = Field(
        min_length=1, max_length=300,
        description="The name of an album, or a search; with `assets` the title.",
    )  # fmt: skip
    assets: Annotated[
        list[_Asset], Field(max_length=_MOST_FILES, description="Only these files.")
    ] = []


class LessonRequest(BaseModel):
    """A topic, for whom, and whether there is a quiz."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"topic": "how a violin makes sound"}]}
    )

    library: LibraryName = None
    topic: str = Field(min_length=1, max_length=300)
    level: Literal["school", "university"] = "school"
    quiz: bool = True


@router.post(
    "/reports", dependencies=[needs("index")], status_code=202, response_model=JobDocument,
    responses={**STARTS_JOB, 404: fault("There is no such library or file.")},
)  # fmt: skip
async def report(request: Request, body: ReportRequest, wait: Wait = 0.0) -> JSONResponse:
    """Start to make a page of what is seen, said and to be read in a video or a sound."""
    name, library = shelf_of(request).entry(body.library)
    asset = await admission_of(request).run(lambda: asset_of(library, body.asset))
    if asset.media.kind is Kind.IMAGE:
        raise Problem(400, "invalid_request", "a report is of a video or a sound", "asset")
    arguments = {"video": asset.path, "questions": body.questions}
    return await start_job(request, name, "report", arguments, wait)


@router.post(
    "/stories", dependencies=[needs("index")], status_code=202, response_model=JobDocument,
    responses={**STARTS_JOB, 404: fault("There is no such library or file.")},
)  # fmt: skip
async def story(request: Request, body: StoryRequest, wait: Wait = 0.0) -> JSONResponse:
    """Start to make a page of pictures and parts of videos, in their order, captioned."""
    name, library = shelf_of(request).entry(body.library)
    if not body.assets:
        refuse_paths(Library.query(body.asked))
    paths = await admission_of(request).run(lambda: _paths(library, body.assets))
    arguments = {"asked": body.asked, "files": paths}
    return await start_job(request, name, "story", arguments, wait)


def _paths(library: Library, assets: Sequence[int]) -> list[str]:
    return [asset_of(library, number).path for number in dict.fromkeys(assets)]


@router.post(
    "/lessons", dependencies=[needs("index")], status_code=202, response_model=JobDocument,
    responses=STARTS_JOB,
)  # fmt: skip
async def lesson(request: Request, body: LessonRequest, wait: Wait = 0.0) -> JSONResponse:
    """Start to make a page of what a library says, shows and sounds of a topic."""
    name, _ = shelf_of(request).entry(body.library)
    arguments = body.model_dump(mode="json", exclude={"library"})
    return await start_job(request, name, "lesson", arguments, wait)


_PAGES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {}}},
    404: fault("There is no job of that id."),
    409: fault("The job makes no page, is not done, or found nothing to make a page of."),
    410: fault("The page was deleted, or later ones have taken its place."),
}


@router.get("/pages/{job}", response_class=FileResponse, responses=_PAGES)
async def made_page(request: Request, job: str) -> FileResponse:
    """Return the page that a job has made; the server keeps the last ones of a library."""
    _, found = runner_of(request).get(job)
    kind = found.kind if found.kind in PAGES else "page"
    if found.result is not None and found.result.get("found") is False:
        raise Problem(409, "no_result", f"job {job} found nothing to make a page of", "job")
    file = job_result(request, job, kind, page_file)
    return FileResponse(file, media_type="text/html", headers={"Content-Security-Policy": _POLICY})
