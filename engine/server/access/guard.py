"""Decide which requests are let in, before any of them is read.

A server on a person's own machine is reached by every web page that they look at. So the
name that it is called by must be one that it has (else a page could point a name of its own
to this machine: DNS rebinding), and a page of another origin is refused.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Mapping, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.server.access.tokens import COOKIE, EVERYTHING, Caller, RateLimit, caller_of
from engine.server.options import ServerOptions
from engine.server.problems import problem_response

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_OPEN = frozenset({"/", "/healthz"})
"""Paths that need no token: they tell nothing but that the process answers."""
SESSION = "/page/session"
"""The path at which a browser gives its token; other files of the page need none."""
_SINGLE = ("authorization", "content-length", "content-type", "host", "origin", "range")
"""Headers that a proxy and this server could read differently where they are there twice."""
_ANYBODY = Caller(None, EVERYTHING)
"""The caller of a server without tokens, who is on this machine."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_PREFLIGHT: Mapping[str, str] = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Request-Id",
    "Access-Control-Max-Age": "600",
}
"""Answer to a browser that asks whether a page of an allowed origin may make a request."""


def _is_open(path: str) -> bool:
    return path in _OPEN or (path.startswith("/page/") and path != SESSION)


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


class AccessGuard:
    """An ASGI app that checks each request before it hands it on."""

    def __init__(self, app: ASGIApp, options: ServerOptions) -> None:
        self._app, self._options = app, options
        self._hosts = frozenset(name.lower() for name in (*_LOOPBACK, *options.hosts))
        self._origins = frozenset(origin.lower() for origin in options.origins)
        self._limit = None if options.rate is None else RateLimit(options.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        origin = self._allowed_origin(headers)
        answer = _Answer(send, request_id, origin)
        try:
            if origin is not None and scope["method"] == "OPTIONS":
                await Response(None, 204, _PREFLIGHT)(scope, receive, answer)
                return
            self._check(scope, headers)
            caller = state["caller"] = self._caller(scope, headers)
            state["scopes"] = caller.scopes
            if not _is_open(scope["path"]):
                self._check_rate(caller)
            await self._app(scope, _Body(receive, self._options), answer)
        except _Refused as refused:
            if answer.begun:
                raise
            response = problem_response(
                refused.status, refused.code, refused.message, headers=refused.headers,
                retryable=refused.status == 429,
            )  # fmt: skip
            await response(scope, receive, answer)

    def _check(self, scope: Scope, headers: Headers) -> None:
        """Raise unless the request may go on, whoever calls."""
        if scope["http_version"] not in ("1.0", "1.1"):
            raise _Refused(505, "unknown_version", "HTTP/1.1 is spoken here")
        for name in _SINGLE:
            if len(headers.getlist(name)) > 1:
                raise _Refused(400, "repeated_header", f"a request has the header {name} once")
        host = self._host(headers)
        self._check_origin(headers, host)
        self._check_body(headers)

    def _check_body(self, headers: Headers) -> None:
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or len(length) > 18:
            raise _Refused(400, "bad_length", "Content-Length is no number")
        if int(length) > self._options.body_bytes:
            most = self._options.body_bytes
            raise _Refused(413, "body_too_large", f"a body may have {most} bytes")
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise _Refused(415, "packed_body", "a body is sent as it is, without Content-Encoding")

    def _host(self, headers: Headers) -> str:
        hosts = headers.getlist("host")
        if not hosts:
            raise _Refused(400, "bad_host", "a request names one Host")
        name = re.sub(r":\d+$", "", hosts[0].lower())
        if name not in self._hosts:
            raise _Refused(
                421, "unknown_host",
                "the server is not known by this Host; its option allow-host makes it known",
            )  # fmt: skip
        return hosts[0].lower()

    def _allowed_origin(self, headers: Headers) -> str | None:
        origin = headers.get("origin")
        return origin if origin is not None and origin.lower() in self._origins else None

    def _check_origin(self, headers: Headers, host: str) -> None:
        origin = headers.get("origin")
        if self._allowed_origin(headers) is not None:
            return
        own = origin is None or origin.lower() in (f"http://{host}", f"https://{host}")
        crossing = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        followed = headers.get("sec-fetch-mode") == "navigate"
        if not own or (crossing and not followed):
            raise _Refused(403, "other_origin", "pages of other origins are not answered")

    def _caller(self, scope: Scope, headers: Headers) -> Caller:
        if not self._options.tokens or _is_open(scope["path"]):
            return _ANYBODY
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        given = secret.strip() if scheme.lower() == "bearer" else ""
        if not scheme:  # a browser, whose pictures come without headers of the page
            given = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        caller = caller_of(given, self._options.tokens)
        if caller is None:
            raise _Refused(
                401, "unauthorized", "a token is needed: Authorization: Bearer TOKEN",
                **{"WWW-Authenticate": "Bearer"},
            )  # fmt: skip
        return caller

    def _check_rate(self, caller: Caller) -> None:
        # Without tokens all callers are of this machine, whose addresses anybody there may
        # choose from; so they share one bucket.
        seconds = self._limit.wait(caller.name) if self._limit is not None else 0
        if seconds:
            raise _Refused(
                429, "rate_limited",
                f"more than {self._options.rate:g} requests a second; try again in {seconds} s",
                **{"Retry-After": str(seconds)},
            )  # fmt: skip


class _Body:
    """The body of a request, bounded in bytes and in time.

    It raises ``HTTPException``, the only error that FastAPI lets through while it reads.
    """

    def __init__(self, receive: Receive, options: ServerOptions) -> None:
        self._receive, self._most = receive, options.body_bytes
        self._until = time.monotonic() + options.body_seconds
        self._bytes, self._whole = 0, False

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()  # waits for the caller to go away
        try:
            async with asyncio.timeout(max(0.0, self._until - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "the body did not arrive in time") from None
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._most:
            raise HTTPException(413, f"a body may have {self._most} bytes")
        self._whole = not message.get("more_body", False)
        return message


class _Answer:
    """The answer, with the headers that every one of them has."""

    def __init__(self, send: Send, request_id: str, origin: str | None) -> None:
        self._send, self._id, self._origin = send, request_id, origin
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
            if headers.get("content-type", "").startswith("text/event-stream"):
                headers["X-Accel-Buffering"] = "no"  # or nginx keeps events until it has many
            headers["X-Request-Id"] = self._id
            if self._origin is not None:
                headers["Access-Control-Allow-Origin"] = self._origin
                headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-Id"
                headers["Cross-Origin-Resource-Policy"] = "cross-origin"
                headers.add_vary_header("Origin")
        await self._send(message)
