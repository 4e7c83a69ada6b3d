"""Routes of classification: starting it, and reading its results."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import JSONResponse

from engine.classify.result_pages import ResultOrder, ResultPages
from engine.server.access.scopes import needs
from engine.server.jobs.calls import results_file
from engine.server.routes.classification_schemas import (
    ApplyLabelsRequest,
    ClassifyBody,
    ResultCounts,
    ResultsPage,
)
from engine.server.routes.context import admission_of, json_answer, shelf_of
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
async def results(
    request: Request,
    job: str,
    order: Annotated[ResultOrder, Query(description="Which come first.")] = "indexed",
    label: Annotated[str | None, Query(max_length=1000, description="Only those of it.")] = None,
    below: Annotated[
        float | None, Query(ge=0, le=1, description="Only those of no label so probable.")
    ] = None,
    skip: Skip = 0,
    limit: Page = 100,
) -> JSONResponse:
    """Return a page of the results of a classification."""
    file = job_result(request, job, "classify", results_file)

    def read() -> tuple[list[dict[str, Any]], int]:
        return ResultPages.of(file).page(skip, limit, order=order, label=label, below=below)

    rows, total = await admission_of(request).run(read)
    further = skip + limit if skip + limit < total else None
    return json_answer({"results": rows, "next": further, "total": total})


@router.get("/classify/{job}/counts", response_model=ResultCounts, responses=_NO_RESULTS)
async def counts(request: Request, job: str) -> JSONResponse:
    """Count the files of each label of a classification, for every threshold at once."""
    file = job_result(request, job, "classify", results_file)

    def read() -> dict[str, Any]:
        pages = ResultPages.of(file)
        return {"total": len(pages), "labels": [asdict(each) for each in pages.counts()]}

    return json_answer(await admission_of(request).run(read))


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
