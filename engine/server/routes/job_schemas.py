"""Bodies and answers of the routes of jobs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from engine.types.jobs import Job, JobState

_JOB = "5f0c2a9be1d4476a"
LibraryName = Annotated[
    str | None, Field(max_length=255, description="The name of a library; the first by default.")
]
Wait = Annotated[
    float,
    Query(
        alias="wait", ge=0, le=25,
        description="Seconds to wait for its end; it is answered with 200 where that comes by"
        " then, and else with 202.",
    ),
]  # fmt: skip


class JobDocument(BaseModel):
    """A job: its request, its progress, and what came of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job": _JOB, "library": "photos", "kind": "index", "state": "running",
                    "request": {"paths": ["/home/ann/photos"], "retry": False},
                    "created": "2026-03-01T09:30:00.000+00:00",
                    "started": "2026-03-01T09:30:00.004+00:00", "ended": None, "attempts": 1,
                    "task": "indexing", "done": 120, "total": 400, "unit": "files",
                    "moments": 310, "files": {"added": 119, "failed": 1}, "message": "",
                    "result": None, "error": None, "links": {"events": f"/api/jobs/{_JOB}/events"},
                }
            ]
        }
    )  # fmt: skip

    job: str = Field(description="Its id, of 16 hexadecimal digits.")
    library: str
    kind: str = Field(
        description="index, retry, classify, label, export, apply, undo, report, story, lesson,"
        " or a method of curation."
    )
    state: JobState
    request: dict[str, Any] = Field(description="What was asked for.")
    created: str
    started: str | None
    ended: str | None
    attempts: int = Field(description="Times that it was started; more than 1 after a resume.")
    task: str = Field(description="What it does now, such as scanning and indexing.")
    done: int = Field(description="What of the task is done, of `total`, counted in `unit`.")
    total: int | None
    unit: str
    moments: int = Field(description="New moments of this attempt.")
    files: dict[str, int] = Field(description="Files by what became of them, in all attempts.")
    message: str = Field(description="The last line that it had to say.")
    result: dict[str, Any] | None = Field(description="What came of it, once it is done.")
    error: dict[str, Any] | None = Field(description="Code and message, where it failed.")
    links: dict[str, str] = Field(description="Where more of it is.")


def job_document(library: str, job: Job) -> dict[str, Any]:
    """Return what is answered about a job, as ``JobDocument`` says."""
    path = f"/api/jobs/{job.job_id}"
    links = {"self": path, "events": f"{path}/events", "failures": f"{path}/failures"}
    if job.state is JobState.DONE and job.result is not None:
        if job.kind == "export":
            links["download"] = f"/api/exports/{job.job_id}"
        if job.kind == "classify":
            links["results"] = f"/api/classify/{job.job_id}"
        if job.result.get("found") and job.kind in ("report", "story", "lesson"):
            links["page"] = f"/api/pages/{job.job_id}"
        if (run := job.result.get("run")) is not None:
            links["run"] = f"/api/runs/{run}?library={quote(library, safe='')}"
    names = (
        "kind", "state", "request", "created", "started", "ended", "attempts", "task", "done",
        "total", "unit", "moments", "files", "message", "result", "error",
    )  # fmt: skip
    document = {name: finite(getattr(job, name)) for name in names}
    return {"job": job.job_id, "library": library, **document, "links": links}


def finite(value: Any) -> Any:
    """Return what JSON can hold of a value: numbers that are none, such as NaN, become null."""
    if isinstance(value, Mapping):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class JobList(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobDocument]


class FailureDocument(BaseModel):
    """A file that could not be used, and why."""

    library: str
    path: str
    reason: str
    code: str | None = None
    size: int | None = None
    retryable: bool | None = Field(
        default=None, description="Whether trying again may help although it has not changed."
    )


class FailureList(BaseModel):
    """Files that could not be used."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "failures": [
                        {"library": "photos", "path": "/home/ann/a.jpg", "reason": "cut off"}
                    ],
                    "total": 1, "next": None,
                }
            ]
        }
    )  # fmt: skip

    failures: list[FailureDocument]
    total: int
    next: int | None = Field(default=None, description="`skip` of the next page.")


class IndexRequest(BaseModel):
    """Folders to bring a library up to date with."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{}, {"paths": ["/home/ann/photos/2026"], "retry": True}]},
    )

    library: LibraryName = None
    paths: list[Annotated[str, Field(min_length=1, max_length=4096)]] = Field(
        default=[], max_length=256,
        description="Files and folders of the server, at or below what the library was indexed"
        " from or what the server was started with `--allow-root` for; none for all that the"
        " library was indexed from.",
    )  # fmt: skip
    retry: bool = Field(
        default=False, description="Also try files again that failed and have not changed."
    )
    vanished: Literal["refuse", "keep", "forget"] = Field(
        default="refuse",
        description="What to do where most of a folder is gone: refuse, keep it hidden until it"
        " is back, or forget it.",
    )


class RetryRequest(BaseModel):
    """A library whose failed files are tried again."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{}, {"reason": "truncated PNG after … bytes"}]},
    )

    library: LibraryName = None
    reason: Annotated[str, Field(max_length=4096)] | None = Field(
        None, description="Only files that failed for it, as /api/failures/reasons has it."
    )
