"""The app: its routes, behind the guard."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from engine.server import clip_retrieval, embeddings, native, operations
from engine.server.admission import Admission
from engine.server.guard import AccessGuard
from engine.server.metrics import Metrics, RequestCounter
from engine.server.options import ServerOptions
from engine.server.problems import add_handlers
from engine.server.shelf import Shelf


def make_app(shelf: Shelf, options: ServerOptions) -> ASGIApp:
    """Return the app of a server over the libraries of a shelf, which it closes at its end."""
    admission = Admission(options.workers, options.waiting, options.seconds)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        admission.close()
        shelf.close()

    # The pages that FastAPI would add load their scripts from another server.
    app = FastAPI(
        title="Sensorium", lifespan=lifespan, openapi_url="/api/openapi.json", docs_url=None,
        redoc_url=None,
    )  # fmt: skip
    app.state.shelf, app.state.admission, app.state.options = shelf, admission, options
    app.state.metrics = Metrics(shelf, admission)
    app.state.cursor_key = secrets.token_bytes(16)
    add_handlers(app)

    for room in (native, embeddings, clip_retrieval, operations):
        app.include_router(room.router)
    return AccessGuard(RequestCounter(app, app.state.metrics), options)
