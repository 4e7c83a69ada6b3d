"""Counters and times of a server, in the format of Prometheus."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.server.admission import Admission
from engine.server.shelf import Shelf

_METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH")
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Metrics:
    """The metrics of one app; several apps in a process have one each."""

    def __init__(self, shelf: Shelf, admission: Admission) -> None:
        self._registry = registry = CollectorRegistry()
        self._shelf = shelf
        self._requests = Counter(
            "sensorium_requests_total", "Requests that were answered.",
            ("route", "method", "status"), registry=registry,
        )  # fmt: skip
        self._times = Histogram(
            "sensorium_request_seconds", "Seconds from a request to its answer.", ("route",),
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        for name, about, value in (
            ("running", "Calls that a thread works on.", lambda: admission.running),
            ("queued", "Calls that wait for a thread.", lambda: admission.queued),
            ("wedged", "Threads that work on one call for far too long.", lambda: admission.wedged),
        ):
            Gauge(f"sensorium_calls_{name}", about, registry=registry).set_function(value)
        self._moments = Gauge(
            "sensorium_library_moments", "Moments of a library.", ("library", "modality"),
            registry=registry,
        )  # fmt: skip

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        # A route's pattern, and not the path, which callers can make as many of as they like.
        route = getattr(scope.get("route"), "path", "(none)")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._requests.labels(route, method, str(status)).inc()
        self._times.labels(route).observe(seconds)

    def page(self) -> bytes:
        """Return all metrics as text; counts what libraries hold, which blocks."""
        for name, library in self._shelf:
            for modality, moments in library.stats().moments.items():
                self._moments.labels(name, modality).set(moments)
        return generate_latest(self._registry)


class RequestCounter:
    """An ASGI app that counts the requests of another."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            self._metrics.count(scope, status, time.perf_counter() - begun)
