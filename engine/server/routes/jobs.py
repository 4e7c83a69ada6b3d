"""Routes of jobs: starting to index, watching, cancelling and resuming."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import Header, Query, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from engine.common.json_text import parseable
from engine.library.views import reason_of
from engine.server.access.allowed_paths import allowed_path
from engine.server.access.scopes import needs
from engine.server.jobs.runner import JobRunner
from engine.server.options import ServerOptions
from engine.server.problems import Problem
from engine.server.routes.context import Names, admission_of, json_answer, shelf_of
from engine.server.routes.documented import fault
from engine.server.routes.job_schemas import (
    FailureDocument,
    FailureList,
    IndexRequest,
    JobDocument,
    JobList,
    RetryRequest,
    Wait,
    job_document,
)
from engine.server.routes.routers import ReadRouter
from engine.types import Failure
from engine.types.jobs import ENDED, Job, JobState

router = ReadRouter("jobs", "/api")
_HEARTBEAT = 15.0
"""Seconds after which a stream sends a line that says nothing, so that proxies keep it open."""
_GATHERED = 0.1
"""Seconds between two events: what changes in between is in the later one."""
STARTS_JOB: dict[int | str, dict[str, Any]] = {
    200: {"model": JobDocument, "description": "The job has ended within the time of `wait`."},
    202: {"model": JobDocument, "description": "The job waits or runs; Location is its address."},
    404: fault("There is no library of that name."),
}
_NO_JOB: dict[int | str, dict[str, Any]] = {404: fault("There is no job of that id.")}
_JobId = Annotated[str, "The id of a job."]
Page = Annotated[int, Query(ge=1, le=1000)]
Skip = Annotated[int, Query(ge=0, le=10**9)]


def runner_of(request: Request) -> JobRunner:
    """Return what runs the jobs of the server."""
    runner: JobRunner = request.app.state.jobs
    return runner


async def start_job(
    request: Request, library: str, kind: str, arguments: Mapping[str, Any], wait: float
) -> JSONResponse:
    """Start a job, and answer with it as it is when it has ended, or when the time is over."""
    runner = runner_of(request)
    job = await admission_of(request).run(lambda: runner.submit(library, kind, arguments))
    return await _begun(request, library, job, wait)


async def _begun(request: Request, library: str, job: Job, wait: float) -> JSONResponse:
    if wait:
        library, job = await runner_of(request).ended(job.job_id, wait)
    status = 200 if job.state in ENDED else 202
    where = {"Location": f"/api/jobs/{job.job_id}"}
    return JSONResponse(parseable(job_document(library, job)), status, where)


def job_result(
    request: Request, job_id: str, kind: str, file_of: Callable[[Path, str], Path]
) -> Path:
    """Return the file that a job has made.

    Raises:
        Problem: 404; there is no such job. 409; it is of another kind, or not done. 410; the
            file is gone.
    """
    name, job = runner_of(request).get(job_id)
    if job.kind != kind or job.state is not JobState.DONE:
        message = f"job {job_id} is {job.kind}, {job.state}, and no {kind} that is done"
        raise Problem(409, "no_result", message, "job")
    file = file_of(shelf_of(request).library(name).jobs.folder, job_id)
    if not file.is_file():
        raise Problem(410, "result_gone", "later jobs have taken the place of the result", "job")
    return file


# --- indexing -------------------------------------------------------------------------


@router.post(
    "/index", dependencies=[needs("index")], status_code=202, response_model=JobDocument,
    responses={
        **STARTS_JOB, 403: fault("A path is not one that may be indexed here."),
        409: fault("The library was not indexed from any folder yet, and no path is named."),
    },
)  # fmt: skip
async def index(request: Request, body: IndexRequest, wait: Wait = 0.0) -> JSONResponse:
    """Start to bring a library up to date with its folders, or with some of them."""
    name, library = shelf_of(request).entry(body.library)
    options: ServerOptions = request.app.state.options

    def paths() -> list[str]:
        roots = library.roots()
        if not body.paths and not roots:
            message = "the library was not indexed from any folder yet; name paths"
            raise Problem(409, "nothing_indexed", message, "paths")
        allowed = [*roots, *map(str, options.roots)]
        return [allowed_path(path, allowed, "paths") for path in body.paths] or roots

    listed = await admission_of(request).run(paths)
    arguments = {"paths": listed, "retry": body.retry, "vanished": body.vanished}
    return await start_job(request, name, "index", arguments, wait)


@router.post(
    "/failures/retry", dependencies=[needs("index")], status_code=202,
    response_model=JobDocument, responses=STARTS_JOB,
)  # fmt: skip
async def retry(request: Request, body: RetryRequest, wait: Wait = 0.0) -> JSONResponse:
    """Start to try failed files of a library again, and forget those that are gone."""
    name, _ = shelf_of(request).entry(body.library)
    arguments = {} if body.reason is None else {"reason": body.reason}
    return await start_job(request, name, "retry", arguments, wait)


@router.get("/failures", response_model=FailureList, responses={404: STARTS_JOB[404]})
async def failures(
    request: Request,
    library: Names = [],  # noqa: B006
    skipped: Annotated[
        bool, Query(description="Instead, files of known types that are not read.")
    ] = False,
    reason: Annotated[
        str | None, Query(max_length=4096, description="One that /api/failures/reasons has.")
    ] = None,
    skip: Skip = 0,
    limit: Page = 100,
) -> JSONResponse:
    """List the files of libraries that could not be indexed, and why."""
    chosen = shelf_of(request).libraries(library)

    def read() -> list[tuple[str, Failure]]:
        listed = ((n, each) for n, of in chosen for each in of.failures(skipped=skipped))
        return [(n, each) for n, each in listed if reason is None or reason_of(each) == reason]

    found = await admission_of(request).run(read)
    names = FailureDocument.model_fields.keys() - {"library"}
    rows = [
        {"library": of, **{name: getattr(each, name) for name in names}}
        for of, each in found[skip : skip + limit]
    ]
    return _failures_page(rows, len(found), skip, limit)


def _failures_page(rows: list[dict[str, Any]], total: int, skip: int, limit: int) -> JSONResponse:
    further = skip + limit if skip + limit < total else None
    return json_answer({"failures": rows, "total": total, "next": further})


# --- jobs -----------------------------------------------------------------------------


@router.get("/jobs", response_model=JobList, responses={404: STARTS_JOB[404]})
async def jobs(
    request: Request,
    library: Names = [],  # noqa: B006
    state: Annotated[list[JobState], Query(description="None for all.", max_length=6)] = [],  # noqa: B006
    limit: Page = 100,
) -> JSONResponse:
    """List the jobs that wait, run, and have ended, the newest first."""
    names = [name for name, _ in shelf_of(request).libraries(library)]
    runner = runner_of(request)
    found = await admission_of(request).run(lambda: runner.all(names))
    wanted = [(name, job) for name, job in found if not state or job.state in state]
    listed = [job_document(name, job) for name, job in wanted[:limit]]
    return json_answer({"jobs": listed})


@router.get("/jobs/{job}", response_model=JobDocument, responses=_NO_JOB)
async def job_facts(request: Request, job: _JobId) -> JSONResponse:
    """Return a job as it is now."""
    return json_answer(job_document(*runner_of(request).get(job)))


@router.get("/jobs/{job}/failures", response_model=FailureList, responses=_NO_JOB)
async def job_failures(
    request: Request, job: _JobId, skip: Skip = 0, limit: Page = 100
) -> JSONResponse:
    """List the first 100 files that a job could not use; `/api/failures` has all of a library."""
    library, found = runner_of(request).get(job)
    rows = [{"library": library, **failure} for failure in found.failures]
    return _failures_page(rows[skip : skip + limit], len(rows), skip, limit)


@router.delete(
    "/jobs/{job}", dependencies=[needs("index")], response_model=JobDocument,
    responses={**_NO_JOB, 409: fault("Another server of the library runs it.")},
)  # fmt: skip
async def cancel(request: Request, job: _JobId) -> JSONResponse:
    """Ask a job to end, which keeps what it has committed; its record stays."""
    runner = runner_of(request)
    cancelled = await admission_of(request).run(lambda: runner.cancel(job))
    return json_answer(job_document(*cancelled))


@router.post(
    "/jobs/{job}/resume", dependencies=[needs("index")], status_code=202,
    response_model=JobDocument,
    responses={**STARTS_JOB, **_NO_JOB, 409: fault("It runs, or is done.")},
)  # fmt: skip
async def resume(request: Request, job: _JobId, wait: Wait = 0.0) -> JSONResponse:
    """Let a job go on that was interrupted or cancelled, or that failed."""
    runner = runner_of(request)
    name, begun = await admission_of(request).run(lambda: runner.resume(job))
    return await _begun(request, name, begun, wait)


_EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["progress", "end"]},
        "id": {"type": "string"},
        "data": {"type": "string", "description": "The job, as JSON."},
    },
}
"""The schema of one event of a stream."""


@router.get(
    "/jobs/{job}/events", response_class=StreamingResponse,
    responses={
        **_NO_JOB,
        200: {
            "description": "Events `progress`, and at last `end`, each with a job as data.",
            "content": {"text/event-stream": {"schema": _EVENT}},
        },
        204: {"description": "The job has ended, and the event of Last-Event-ID was the last."},
    },
)  # fmt: skip
async def events(
    request: Request,
    job: _JobId,
    last: Annotated[
        str, Header(alias="Last-Event-ID", max_length=64, description="The last that was seen.")
    ] = "",
) -> Response:
    """Watch a job: server-sent events with its progress, until it ends."""
    runner = runner_of(request)
    _, found = runner.get(job)
    runner.check_room()
    if found.state in ENDED and _event_id(found) == last:
        return Response(status_code=204)
    return StreamingResponse(
        _events(runner, job, last), media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )  # fmt: skip


async def _events(runner: JobRunner, job_id: str, last: str) -> AsyncIterator[str]:
    """Yield an event for each change, with the whole job: who misses some misses nothing."""
    loop = asyncio.get_running_loop()
    with runner.watching(job_id) as watch:
        yield "retry: 2000\n\n"
        heard = loop.time()
        while True:
            library, job = runner.get(job_id)
            ended, number = job.state in ENDED, _event_id(job)
            if number != last:
                last, heard = number, loop.time()
                data = json.dumps(parseable(job_document(library, job)))
                yield f"event: {'end' if ended else 'progress'}\nid: {number}\ndata: {data}\n\n"
            if ended or runner.stopping:
                return
            await watch.change(_HEARTBEAT)
            if loop.time() - heard >= _HEARTBEAT:
                heard = loop.time()
                yield ": the job goes on\n\n"
            await asyncio.sleep(_GATHERED)


def _event_id(job: Job) -> str:
    """Return what tells this state of a job from its others, after a restart as well."""
    return hashlib.sha256(json.dumps(asdict(job), sort_keys=True).encode()).hexdigest()[:16]
