"""Watching requests from outside: they are counted, logged and traced, refused ones as well."""

from __future__ import annotations

import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.server.observing.metrics import METHODS, Metrics
from engine.server.observing.request_log import log_request
from engine.server.observing.stages import RequestFacts, facts_of_request
from engine.server.observing.tracing import RequestSpan, request_span

_GONE = 499
"""The status of a request whose client went away before it was answered, as nginx has it."""


class RequestObserver:
    """An ASGI app that watches the requests of another."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), _GONE

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with request_span(Headers(scope=scope)) as span:
            listeners = (self._metrics,) if span is None else (self._metrics, span)
            with facts_of_request(*listeners) as facts:
                try:
                    await self._app(scope, receive, answer)
                except Exception:
                    status = 500
                    raise
                finally:
                    self._note(scope, status, time.perf_counter() - begun, facts, span)

    def _note(
        self, scope: Scope, status: int, seconds: float, facts: RequestFacts,
        span: RequestSpan | None,
    ) -> None:  # fmt: skip
        # A route's pattern, and not the path, which callers can make as many of as they like.
        route = getattr(scope.get("route"), "path", _path_of_plain_route(scope))
        method = scope["method"] if scope["method"] in METHODS else "other"
        state = scope.get("state", {})
        caller, request_id = getattr(state.get("caller"), "name", None), state.get("request_id", "")
        self._metrics.count(route, method, status, seconds)
        log_request(
            {
                "id": request_id, "method": method, "route": route, "status": status,
                "ms": round(seconds * 1e3, 2), "libraries": facts.libraries, "caller": caller,
            }
        )  # fmt: skip
        if span is not None:
            known = {
                "http.request.method": method, "http.route": route,
                "sensorium.request_id": request_id,
                "sensorium.libraries": ",".join(facts.libraries),
            }  # fmt: skip
            span.describe(f"{method} {route}", status, known)


def _path_of_plain_route(scope: Scope) -> str:
    """Return the path of a route that is no FastAPI's, which tells its endpoint alone."""
    return "/mcp" if "endpoint" in scope and scope["path"] == "/mcp" else "(none)"
