"""Routes of curation: starting runs, reading them, acting on them, and taking them back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Body, Query, Request
from starlette.responses import JSONResponse

from engine.library.facade import Library
from engine.server.access.allowed_paths import allowed_path
from engine.server.access.scopes import check_scope, needs
from engine.server.problems import Problem
from engine.server.routes.context import (
    Name,
    Names,
    admission_of,
    json_answer,
    media_at,
    shelf_of,
    thumbnail_at,
)
from engine.server.routes.curation_schemas import (
    ApplyRequest,
    CurateRequest,
    FindingsPage,
    PlaceRequest,
    RunList,
    UndoRequest,
)
from engine.server.routes.documented import fault
from engine.server.routes.job_schemas import JobDocument, Wait, finite
from engine.server.routes.jobs import STARTS_JOB, Page, Skip, start_job
from engine.server.routes.routers import ReadRouter
from engine.server.routes.run_findings import found_by_runs

router = ReadRouter("curation", "/api")
_NO_RUN: dict[int | str, dict[str, Any]] = {
    404: fault("There is no run of that number, or no library of that name.")
}
_Verdicts = Annotated[
    list[str], Query(max_length=64, description="Only findings of these verdicts; none for all.")
]
_Groups = Annotated[
    list[int], Query(max_length=64, description="Only findings of these groups; none for all.")
]


@router.post(
    "/curate", dependencies=[needs("tag")], status_code=202, response_model=JobDocument,
    responses=STARTS_JOB,
)  # fmt: skip
async def curate(
    request: Request, body: Annotated[CurateRequest, Body()], wait: Wait = 0.0
) -> JSONResponse:
    """Start to find what is double, odd, bad or mislabeled, or to choose files; none is changed.

    The result of the job has the number of a run, which `/api/runs` has with its findings.
    """
    name, _ = shelf_of(request).entry(body.library)
    Library.query(where=getattr(body, "where", ()))  # which refuses what it cannot read
    arguments = body.model_dump(mode="json", exclude={"library", "task"}, exclude_defaults=True)
    return await start_job(request, name, body.task, arguments, wait)


@router.get("/runs", response_model=RunList, responses={404: STARTS_JOB[404]})
async def runs(
    request: Request,
    library: Names = [],  # noqa: B006
    skip: Skip = 0,
    limit: Page = 100,
) -> JSONResponse:
    """List the runs of libraries, the newest first, with how much each found and did."""
    chosen = shelf_of(request).libraries(library)

    def read() -> list[dict[str, Any]]:
        found = [_run(name, each) for name, of in chosen for each in of.curate.runs()]
        return sorted(found, key=lambda run: (run["created"], run["run"]), reverse=True)

    found = await admission_of(request).run(read)
    further = skip + limit if skip + limit < len(found) else None
    return json_answer({"runs": found[skip : skip + limit], "total": len(found), "next": further})


@router.get("/runs/{run}", response_model=FindingsPage, responses=_NO_RUN)
async def findings(
    request: Request,
    run: int,
    library: Name = None,
    verdict: _Verdicts = [],  # noqa: B006
    group: _Groups = [],  # noqa: B006
    groups: Annotated[bool, Query(description="Also name each group.")] = False,
    skip: Skip = 0,
    limit: Page = 100,
) -> JSONResponse:
    """Return a run with a page of what it found."""
    name, chosen = shelf_of(request).entry(library)
    kept = found_by_runs(request)

    def read() -> dict[str, Any]:
        summary = run_summary(chosen, run)
        found = kept.of(name, chosen, summary.run)
        wanted = found.chosen(verdict, group)
        undoable = (u.taken_back() for u in chosen.curate.undoable() if u.run.run_id == run)
        return _run(name, summary) | {
            "verdicts": found.verdicts, "grouped": len(found.groups),
            "groups": found.group_counts() if groups else [],
            "page": [_finding(name, each) for each in wanted[skip : skip + limit]],
            "total": len(wanted), "next": skip + limit if skip + limit < len(wanted) else None,
            "undo": next(undoable, None),
        }  # fmt: skip

    return json_answer(await admission_of(request).run(read))


@router.post(
    "/runs/{run}/apply", dependencies=[needs("tag")], status_code=202,
    response_model=JobDocument,
    responses={
        **STARTS_JOB, **_NO_RUN,
        403: fault("Files are moved and linked with the scope admin, to a folder below"
              " one of `--allow-root`."),
    },
)  # fmt: skip
async def apply(request: Request, run: int, body: ApplyRequest, wait: Wait = 0.0) -> JSONResponse:
    """Start to tag, move or link the files that a run found; undo takes it back."""
    name, library = shelf_of(request).entry(body.library)
    arguments = body.model_dump(mode="json", exclude={"library"}, exclude_defaults=True)
    if body.action != "tag":
        check_scope(request, "admin")
        if body.to is None:
            raise Problem(400, "invalid_request", f"{body.action} needs a folder", "to")
        roots = [str(root) for root in request.app.state.options.roots]
        arguments["to"] = allowed_path(body.to, roots, "to")
    await admission_of(request).run(lambda: run_summary(library, run))
    return await start_job(request, name, "apply", {"run_id": run, **arguments}, wait)


@router.post(
    "/files/place", dependencies=[needs("admin")], status_code=202, response_model=JobDocument,
    responses={
        **STARTS_JOB,
        403: fault("The folder is not below one of `--allow-root`."),
        404: fault("There is no file of a number, or no library of that name."),
    },
)  # fmt: skip
async def place(request: Request, body: PlaceRequest, wait: Wait = 0.0) -> JSONResponse:
    """Start to move files into a folder, or to link to them; undo of its run takes it back."""
    name, library = shelf_of(request).entry(body.library)
    arguments = body.model_dump(mode="json", exclude={"library"})
    roots = [str(root) for root in request.app.state.options.roots]

    def check() -> None:
        arguments["to"] = allowed_path(body.to, roots, "to")
        for asset in body.assets:
            try:
                library.asset(asset)
            except KeyError:
                message = f"there is no asset {asset}"
                raise Problem(404, "asset_not_found", message, "assets") from None

    await admission_of(request).run(check)
    return await start_job(request, name, "place", arguments, wait)


@router.post(
    "/runs/{run}/undo", dependencies=[needs("tag")], status_code=202, response_model=JobDocument,
    responses={
        **STARTS_JOB, **_NO_RUN,
        403: fault("Files are moved back with the scope admin."),
        409: fault("The run did nothing that is left to undo."),
    },
)  # fmt: skip
async def undo(request: Request, run: int, body: UndoRequest, wait: Wait = 0.0) -> JSONResponse:
    """Start to take back what a run did; nothing is overwritten."""
    name, library = shelf_of(request).entry(body.library)

    def moves_files() -> bool:
        run_summary(library, run)
        found = [each for each in library.curate.undoable() if each.run.run_id == run]
        if not found:
            message = f"run {run} did nothing that is left to undo"
            raise Problem(409, "nothing_to_undo", message, "run")
        return bool(found[0].moved or found[0].linked)

    if await admission_of(request).run(moves_files):
        check_scope(request, "admin")
    return await start_job(request, name, "undo", {"run_id": run}, wait)


def run_summary(library: Library, run: int) -> Any:
    """Return a run with its counts.

    Raises:
        Problem: 404; there is none of that number.
    """
    for summary in library.curate.runs():
        if summary.run.run_id == run:
            return summary
    raise Problem(404, "run_not_found", f"there is no run {run}; /api/runs lists them", "run")


def _run(library: str, summary: Any) -> dict[str, Any]:
    run = summary.run
    return {
        "run": run.run_id, "library": library, "kind": run.kind, "command": run.command,
        "created": run.created, "settings": dict(run.settings), "findings": summary.findings,
        "acts": {state.value: count for state, count in summary.acts_in_order()},
    }  # fmt: skip


def _finding(library: str, finding: Any) -> dict[str, Any]:
    moment = finding.moment_id
    links = {
        "thumbnail": None if moment is None else thumbnail_at(library, moment),
        "media": media_at(library, finding.asset_id),
    }
    return {**finite(asdict(finding)), **links}
