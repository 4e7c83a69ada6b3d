"""Routes for those who run a server: does it answer, can it work, what does it do."""

from __future__ import annotations

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from engine.errors import SensoriumError
from engine.server.load.admission import Admission, DeadlineMissed, Overloaded
from engine.server.routes.routers import ReadRouter
from engine.server.shelf import Shelf

router = ReadRouter("operations")
open_router = APIRouter(tags=["operations"])
"""Routes that need no token."""


@open_router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Tell that the process answers; `/readyz` tells whether it can work."""
    return {"status": "ok"}


@router.get("/api/openapi.json", include_in_schema=False)
async def description(request: Request) -> JSONResponse:
    """Describe every route; it is made at the first request, in a thread, and takes a second."""
    return JSONResponse(await run_in_threadpool(request.app.openapi))


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Tell whether every library can embed a text and search; 503 where not."""
    admission: Admission = request.app.state.admission
    shelf: Shelf = request.app.state.shelf

    def probe() -> None:
        for _, library in shelf:
            library.search('"ready"', top=1)

    state = request.app.state
    lanes = [
        admission, state.speech, state.drawing, state.cutting, state.asking, state.speaking,
        *state.encoding.lanes,
    ]  # fmt: skip
    if wedged := sum(lane.wedged for lane in lanes):
        threads = sum(lane.workers for lane in lanes)
        return _not_ready(f"wedged: {wedged} of {threads} threads do not end")
    try:
        await admission.run(probe)
    except Overloaded:
        return _not_ready("overloaded")
    except DeadlineMissed:
        return _not_ready("a search takes longer than a request may")
    except SensoriumError as error:
        return _not_ready(f"{error.code}: a search is not possible")
    return JSONResponse({"status": "ready"})


def _not_ready(why: str) -> JSONResponse:
    return JSONResponse({"status": why}, 503)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Return the metrics of the server, in the format of Prometheus."""
    page = await request.app.state.admission.run(request.app.state.metrics.page)
    return Response(page, media_type=CONTENT_TYPE_LATEST)
