"""Take in bodies that fit into memory together, for callers who still wait.

Bodies are read before anything else bounds them, so their bytes are counted as they come; and a
request whose caller has gone away is given up, with all that it has waiting.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.server.load.admission import Overloaded

MOST_BYTES = 512 * 2**20
"""Bytes of all bodies that are taken in at a time."""


class Intake:
    """An ASGI app that hands requests on to another, and gives up those of callers who are gone."""

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self._app, self._most = app, most
        self._nbytes = 0

    @property
    def nbytes(self) -> int:
        """Bytes of the bodies whose requests are worked on."""
        return self._nbytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request(self, scope, receive, send)
        try:
            await request.run(self._app)
        finally:
            self._nbytes -= request.nbytes

    def take(self, nbytes: int) -> None:
        """Count bytes of a body that have come.

        Raises:
            Overloaded: all bodies together have too many.
        """
        self._nbytes += nbytes
        # What is too much by itself has another limit, and must not be told to come again.
        if self._nbytes > self._most > nbytes:
            self._nbytes -= nbytes
            raise Overloaded


class _Request:
    """One request, and the watch for its caller."""

    def __init__(self, intake: Intake, scope: Scope, receive: Receive, send: Send) -> None:
        self._intake, self._scope, self._receive, self._send = intake, scope, receive, send
        self.nbytes = 0
        self._answered = self._gone = False
        self._watch: asyncio.Task[None] | None = None
        self._empty = False

    async def run(self, app: ASGIApp) -> None:
        """Answer the request, or end where its caller has gone."""
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        headers = Headers(scope=self._scope)
        if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
            self._empty = True
            self._watch = asyncio.create_task(self._until_gone())
        try:
            await app(self._scope, self._received, self._sent)
        except asyncio.CancelledError:
            if not self._gone:
                raise
            task.uncancel()
        finally:
            if self._watch is not None:
                self._watch.cancel()

    async def _received(self) -> Message:
        if self._empty:
            self._empty = False
            return {"type": "http.request", "body": b"", "more_body": False}
        if self._watch is not None:  # the body is whole
            await asyncio.wait({self._watch})
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request":
            self._count(len(message.get("body", b"")))
            if not message.get("more_body", False):
                self._watch = asyncio.create_task(self._until_gone())
        return message

    def _count(self, nbytes: int) -> None:
        try:
            self._intake.take(nbytes)
        except Overloaded as error:
            # The only error that FastAPI lets through while it reads.
            wait = {"Retry-After": str(error.seconds)}
            raise HTTPException(429, "too many bodies arrive; try again", wait) from None
        self.nbytes += nbytes

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self._answered:
            self._gone = True
            self._task.cancel()

    async def _sent(self, message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._answered = True
        await self._send(message)
