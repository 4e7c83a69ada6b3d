"""The app: its routes, behind the guard."""

from __future__ import annotations

import secrets
from asyncio import create_task, to_thread, wait
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from engine.server.access.guard import AccessGuard
from engine.server.asking import asked_question
from engine.server.asking.conversations import Conversations
from engine.server.dialects import (
    chat_completions,
    clip_retrieval,
    embeddings,
    rerank,
    responses,
    transcriptions,
)
from engine.server.dialects import speech as speech_routes
from engine.server.jobs.runner import JobRunner
from engine.server.load.admission import Admission
from engine.server.load.encoding import Encoding
from engine.server.load.intake import Intake
from engine.server.load.search_processes import SearchProcesses
from engine.server.load.warming import prepare
from engine.server.observing.metrics import Metrics
from engine.server.observing.observer import RequestObserver
from engine.server.observing.tracing import prepare_tracing
from engine.server.options import ServerOptions
from engine.server.problems import add_handlers
from engine.server.routes import archives as archive_routes
from engine.server.routes import asking as ask_routes
from engine.server.routes import assets as asset_routes
from engine.server.routes import caller as caller_routes
from engine.server.routes import classification as classify_routes
from engine.server.routes import clips as clip_routes
from engine.server.routes import composing as compose_routes
from engine.server.routes import concepts as concept_routes
from engine.server.routes import curation as curate_routes
from engine.server.routes import exports as export_routes
from engine.server.routes import jobs as job_routes
from engine.server.routes import libraries as library_routes
from engine.server.routes import maps as map_routes
from engine.server.routes import media as media_routes
from engine.server.routes import operations
from engine.server.routes import overview as overview_routes
from engine.server.routes import pages as page_routes
from engine.server.routes import saved_searches as saved_search_routes
from engine.server.routes import searching as search_routes
from engine.server.routes import similar as similar_routes
from engine.server.routes import stats as stats_routes
from engine.server.routes import tags as tag_routes
from engine.server.routes import timelines as timeline_routes
from engine.server.routes.hit_pages import HitPages
from engine.server.routes.run_findings import FoundByRuns
from engine.server.shelf import Shelf

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig
    from mcp.server import MCPServer

_NATIVE = (
    search_routes, similar_routes, asset_routes, media_routes, timeline_routes, library_routes,
    overview_routes, caller_routes, map_routes,
    archive_routes, clip_routes, concept_routes, saved_search_routes,
)  # fmt: skip
_JOBS = (job_routes, classify_routes, curate_routes, tag_routes, export_routes, stats_routes,
         compose_routes)  # fmt: skip
_ENCODING = (embeddings, rerank, transcriptions)
_ASSISTANT = (ask_routes, chat_completions, responses, speech_routes)
_ROOMS = (*_NATIVE, *_ASSISTANT, *_JOBS, *_ENCODING, clip_retrieval, operations, page_routes)
"""Modules of routes."""

_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False, "metrics": False, "logs": False, "operation_spans": False,
    "auto_configure": False,
}  # fmt: skip
"""FastAPI's own spans have the words of queries in them (`url.query`), and its logs what was sent
and refused; those of ``observing`` have neither. Versions before 0.165 know no such setting."""


def make_app(shelf: Shelf, options: ServerOptions) -> ASGIApp:
    """Return the app of a server over the libraries of a shelf, which it closes at its end."""
    prepare_tracing()
    admission = Admission(options.workers, options.waiting, options.seconds)
    searches = SearchProcesses(
        options.processes, {name: library.path for name, library in shelf}, shelf.library().settings
    )
    metrics = Metrics(shelf, admission, searches)
    encoding = Encoding(options, metrics.batch)
    drawing = Admission(2, 8 * options.waiting, options.seconds, "drawing")
    speech = Admission(1, transcriptions.WAITING, transcriptions.SECONDS, "speech")
    asking = Admission(options.workers, asked_question.WAITING, asked_question.SECONDS, "asking")
    speaking = Admission(1, speech_routes.WAITING, speech_routes.SECONDS, "speaking")
    cutting = Admission(1, clip_routes.WAITING, clip_routes.SECONDS, "cut")

    metrics.gauge(
        "sensorium_search_processes", "Processes that can search.", lambda: searches.ready
    )
    jobs = JobRunner(shelf)
    metrics.gauge("sensorium_jobs_live", "Jobs that wait or run.", lambda: jobs.live)
    metrics.gauge("sensorium_jobs_watched", "Streams of events of jobs.", lambda: jobs.watched)
    tools = _tools(shelf, admission, asking, options)
    routes = _mcp_routes(tools) if tools is not None else []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            running.callback(shelf.close)
            running.callback(searches.close)
            for each in (admission, encoding, speech, drawing, cutting, asking, speaking):
                running.callback(each.close)
            if not options.read_only:
                await to_thread(jobs.recover)
            running.push_async_callback(to_thread, jobs.close)
            if tools is not None:
                await running.enter_async_context(tools.session_manager.run())
            warming = create_task(to_thread(prepare, shelf))
            running.push_async_callback(wait, [warming])
            yield

    # The pages that FastAPI would add load their scripts from another server.
    app = FastAPI(
        title="Sensorium", lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False, telemetry=_NO_TELEMETRY,
    )  # fmt: skip
    app.state.shelf, app.state.admission, app.state.options = shelf, admission, options
    app.state.jobs = jobs
    app.state.encoding, app.state.speech, app.state.drawing = encoding, speech, drawing
    app.state.cutting, app.state.asking, app.state.speaking = cutting, asking, speaking
    app.state.conversations = Conversations()
    app.state.metrics = metrics
    app.state.pages = HitPages(secrets.token_bytes(16), searches)
    app.state.found_by_runs = FoundByRuns()
    add_handlers(app)

    _include_routes(app)
    app.openapi = api_description  # type: ignore[method-assign]
    app.router.routes += routes
    return RequestObserver(AccessGuard(Intake(app), options), metrics)


@cache
def api_description() -> dict[str, Any]:
    """Return the OpenAPI page of every server, whatever it serves; it is made once, in a second."""
    app = FastAPI(title="Sensorium")
    _include_routes(app)
    return app.openapi()


def _include_routes(app: FastAPI) -> None:
    app.router.routes += [route for room in _ROOMS for route in room.router.routes]
    app.router.routes += operations.open_router.routes


def _tools(
    shelf: Shelf, admission: Admission, asking: Admission, options: ServerOptions
) -> MCPServer | None:
    """Return the tools for assistants; None where the extra `mcp` is not installed."""
    if find_spec("mcp") is None:
        return None
    from engine.server.mcp.server import make_mcp, who_may_tag

    return make_mcp(shelf, admission, who_may_tag(options), asking)


def _mcp_routes(tools: MCPServer) -> list[BaseRoute]:
    """Return the route `/mcp`, without the checks of Host and Origin that the guard has made."""
    from mcp.server.transport_security import TransportSecuritySettings

    checked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    made = tools.streamable_http_app(
        stateless_http=True, json_response=True, transport_security=checked
    )
    return [*made.routes]
