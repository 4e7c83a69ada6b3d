"""Listening, and stopping when asked to."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from engine.common.file_state import os_reason
from engine.errors import UsageError
from engine.server.app import make_app
from engine.server.load.bounded_http import HEAD_BYTES, bounded_protocol
from engine.server.observing.request_log import configure_logs
from engine.server.options import ServerOptions
from engine.server.shelf import Shelf

_DRAIN = 30
"""Seconds that running requests have to end after SIGTERM."""


def run(
    libraries: Sequence[Path | None], options: ServerOptions, announce: Callable[[str], object]
) -> None:
    """Serve until SIGTERM or SIGINT, then let running requests end.

    Raises:
        UsageError: the address is taken, or is none of this machine.
    """
    shelf = Shelf(libraries)
    try:
        listening = _listen(options)
    except BaseException:
        shelf.close()
        raise
    with listening:
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        configure_logs(options.log_format)
        config = server_config(make_app(shelf, options), options)
        announce(f"serving {', '.join(shelf.names)} at http://{shown}:{port}; Ctrl-C ends it")
        Server(config, shelf).run(sockets=[listening])


def server_config(app: ASGIApp, options: ServerOptions) -> uvicorn.Config:
    """Return how uvicorn serves an app: by h11, which refuses what could be read in two ways."""
    return uvicorn.Config(
        app, http=bounded_protocol(options), ws="none", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=_DRAIN,
        h11_max_incomplete_event_size=HEAD_BYTES,
    )  # fmt: skip


class Server(uvicorn.Server):
    """A server that ends well when it is asked to, where uvicorn's raises the signal again."""

    def __init__(self, config: uvicorn.Config, shelf: Shelf) -> None:
        super().__init__(config)
        self.shelf = shelf

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.shelf.end()  # or streams of events would have it wait for all of its time
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield  # of a test, which sets should_exit
            return
        before = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(options: ServerOptions) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, *_, address = found[0]
        listening = socket.create_server(address[:2], family=family)
        # Sockets that are accepted have this too; asyncio leaves it out where it did not make the
        # socket. Without it each answer waits some 40 ms for the caller to acknowledge its head.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        reason = os_reason(error) if error.errno else str(error)
        raise UsageError(
            f"{options.host}:{options.port} cannot be listened on: {reason}; choose another port=",
            arguments=("port",),
        ) from None
