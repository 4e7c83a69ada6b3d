"""Connections of HTTP with bounds that uvicorn lacks.

uvicorn waits for ever for the rest of a request's head, and for a client that takes nothing
of its answer; a few hundred of such connections are all that a process has descriptors for.
It reads as many chunks as a body is cut into: those of a byte take as long as whole requests.
And it answers what is no HTTP in a form of its own.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

from engine.server.options import ServerOptions
from engine.server.problems import problem_response

HEAD_BYTES = 64 * 2**10
"""Bytes of the head of a request."""


def bounded_protocol(options: ServerOptions) -> type[asyncio.Protocol]:
    """Return the class of connections that keeps to the limits of a server."""
    return type("BoundedConnection", (BoundedProtocol,), {"options": options})


class ChunkLimit(h11.Connection):
    """A connection as h11 reads it, with the chunks of each body counted."""

    def __init__(self, most: int, event_size: int) -> None:
        super().__init__(h11.SERVER, event_size)
        self._most, self._chunks = most, 0

    @property
    def exceeded(self) -> bool:
        """True once a body has come in too many chunks."""
        return self._chunks > self._most

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Return what comes next.

        Raises:
            h11.RemoteProtocolError: it is no HTTP, or one chunk too many.
        """
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._chunks = 0
        elif isinstance(event, h11.Data) and event.chunk_end:
            self._chunks += 1
            if self.exceeded:
                raise h11.RemoteProtocolError("too many chunks")
        return event


class BoundedProtocol(H11Protocol):
    """A connection whose heads and answers must get on."""

    options = ServerOptions()
    conn: ChunkLimit

    def __init__(self, config: Config, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        event_size = config.h11_max_incomplete_event_size or HEAD_BYTES
        self.conn = ChunkLimit(self.options.chunks, event_size)
        self._head: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the head of a request; close what is past the number of connections."""
        super().connection_made(transport)
        if len(self.connections) > self.options.connections:
            transport.abort()
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """Read on, and wait for the rest of a head where there is a part of one."""
        super().data_received(data)
        self._watch_head()

    def on_response_complete(self) -> None:
        """Go on with the next request of the connection."""
        super().on_response_complete()
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._end_head()
        self._end_stalled()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait for the client to take what was sent."""
        super().pause_writing()
        seconds = self.options.stalled_seconds
        self._stalled = self.loop.call_later(seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop waiting: the client took what was sent."""
        self._end_stalled()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request of HTTP as all errors are answered."""
        if self.conn.exceeded:
            most = self.options.chunks
            self._refuse(413, "body_too_large", f"a body may come in {most:,} chunks", msg)
            return
        self._refuse(400, "bad_request", "this is no request of HTTP/1.1", msg)

    def _watch_head(self) -> None:
        """Wait for the rest of a head while there is a part of it, from its first byte on."""
        if self.conn.their_state is not h11.IDLE:
            self._end_head()
        elif self._head is None and self.conn.trailing_data[0]:
            self._await_head()

    def _end_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
        self._head = None

    def _end_stalled(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
        self._stalled = None

    def _await_head(self) -> None:
        self._head = self.loop.call_later(self.options.header_seconds, self._late)

    def _late(self) -> None:
        self._head = None
        if self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE:
            seconds = self.options.header_seconds
            self._refuse(408, "slow_head", f"the head of a request has {seconds:g} s to arrive")

    def _refuse(self, status: int, code: str, message: str, cause: str = "") -> None:
        if self.transport.is_closing():
            return
        if cause:
            self.logger.debug(cause)
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()  # amid an answer, which nothing can follow
            return
        answer = problem_response(status, code, message, headers={"Connection": "close"})
        head = h11.Response(status_code=status, headers=answer.raw_headers)
        for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
