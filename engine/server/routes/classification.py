"""Routes of classification: starting it, and reading its results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from typing import Any

from fastapi import Request
from starlette.responses import JSONResponse

from engine.server.access.scopes import needs
from engine.server.jobs.calls import results_file
from engine.server.routes.context import admission_of, json_answer, shelf_of
from engine.server.routes.curation_schemas import ApplyLabelsRequest, ClassifyBody, ResultsPage
from engine.server.routes.documented import fault
from engine.server.routes.job_schemas import JobDocument, Wait
from engine.server.routes.jobs import (
    STARTS_JOB,
    Page,
    Skip,
    job_result,
    runner_of,
    start_job,
)
from engine.server.routes.routers import ReadRouter

router = ReadRouter("classification", "/api")


@router.post(
    "/classify", dependencies=[needs("tag")], status_code=202, response_model=JobDocument,
    responses=STARTS_JOB,
)  # fmt: skip
async def classify(request: Request, body: ClassifyBody, wait: Wait = 0.0) -> JSONResponse:
    """Start to give each file of a library the label that fits it best, by words alone."""
    name, library = shelf_of(request).entry(body.library)
    arguments = body.model_dump(mode="json", exclude={"library"}, exclude_defaults=True)
    checked = {key: value for key, value in arguments.items() if key != "apply_tags"}
    await admission_of(request).run(lambda: library.check_classify(**checked))
    return await start_job(request, name, "classify", arguments, wait)


_NO_RESULTS: dict[int | str, dict[str, Any]] = {
    404: fault("There is no job of that id."),
    409: fault("The job is no classification, or is not done."),
    410: fault("Later classifications have taken the place of its results."),
}


@router.get("/classify/{job}", response_model=ResultsPage, responses=_NO_RESULTS)
async def results(request: Request, job: str, skip: Skip = 0, limit: Page = 100) -> JSONResponse:
    """Return a page of the results of a classification, in the order of indexing."""
    file = job_result(request, job, "classify", results_file)

    def read() -> Sequence[dict[str, Any]]:
        with file.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in islice(lines, skip, skip + limit + 1)]

    rows = await admission_of(request).run(read)
    further = skip + limit if len(rows) > limit else None
    return json_answer({"results": rows[:limit], "next": further})


@router.post(
    "/classify/{job}/apply", dependencies=[needs("tag")], status_code=202,
    response_model=JobDocument, responses={**STARTS_JOB, **_NO_RESULTS},
)  # fmt: skip
async def apply(
    request: Request, job: str, body: ApplyLabelsRequest, wait: Wait = 0.0
) -> JSONResponse:
    """Start to tag files with the labels of a classification; undo of its run takes that back."""
    job_result(request, job, "classify", results_file)  # which refuses what has no results
    library, _ = runner_of(request).get(job)
    arguments = {"classification": job, **body.model_dump(mode="json", exclude_defaults=True)}
    return await start_job(request, library, "label", arguments, wait)
