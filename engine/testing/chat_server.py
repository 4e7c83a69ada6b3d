"""A server on loopback that speaks the format of OpenAI's chats, or breaks it.

For tests and benchmarks: it stands for the servers that `openai` asks. What it does is a
list of behaviours, one a request; the last is repeated.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Handler", dict[str, Any]], None]


@dataclass
class Served:
    """A running server, and what it was asked."""

    url: str
    behaviours: list[Behaviour]
    """Behaviours that are still to be done. Another list may be put here while it runs."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        # Forms with sounds are taken as well, for the sake of what the server does.
        is_json = self.headers.get_content_type() == "application/json"
        body = json.loads(content) if is_json else {"form": len(content)}
        served = self.server.served
        served.bodies.append(body)
        served.headers.append(dict(self.headers))
        behaviours = served.behaviours
        behaviour = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        with suppress(OSError):  # of a client that has gone
            behaviour(self, body)

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, behaviours: Sequence[Behaviour]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.served = Served(f"http://127.0.0.1:{self.server_address[1]}/v1", list(behaviours))
        self.closing = threading.Event()

    def handle_error(self, *_: object) -> None:
        """Ignore a client that hangs up, which some tests are about."""


@contextmanager
def serving(*behaviours: Behaviour) -> Iterator[Served]:
    """Run a server for the length of a ``with``."""
    server = _Server(behaviours)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.served
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


# --- behaviours ---------------------------------------------------------------------


def completion(text: object, **others: object) -> bytes:
    """Return the body of an answer; ``others`` are set at its top."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}
    whole = {"id": "c1", "model": "test-1", "choices": [choice], "usage": usage}
    return json.dumps(whole | others).encode()


def says(text: object, **others: object) -> Behaviour:
    """Answer with this text."""
    return lambda handler, _: handler.send(200, completion(text, **others))


def ranks(*numbers: object) -> Behaviour:
    """Answer as a reranker does."""
    return says(json.dumps({"ranking": numbers}))


def answers(reply: Callable[[dict[str, Any]], str]) -> Behaviour:
    """Answer what was asked, by a model that is really there."""
    return lambda handler, body: handler.send(200, completion(reply(body)))


def sends(body: bytes) -> Behaviour:
    """Whatever bytes."""
    return lambda handler, _: handler.send(200, body)


def streams_junk(handler: Handler, _: dict[str, Any]) -> None:
    """Stream an event that is cut off in the middle of its JSON."""
    handler.send(200, b'data: {"choices": [{"del\n\n', {"Content-Type": "text/event-stream"})


def refuses(status: int, message: str = "no", **headers: str) -> Behaviour:
    """Answer with an error, as OpenAI words them."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"error": {"message": message}}).encode()
    return lambda handler, _: handler.send(status, body, named)


def drops(handler: Handler, _: dict[str, Any]) -> None:
    """End the connection before an answer begins."""
    handler.close_connection = True


def breaks_off(handler: Handler, _: dict[str, Any]) -> None:
    """End the connection within the body."""
    body = completion('{"ranking": [1, 2]}')
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def hangs(handler: Handler, _: dict[str, Any]) -> None:
    """Never answer."""
    handler.server.closing.wait()
    handler.close_connection = True


def drips(handler: Handler, _: dict[str, Any]) -> None:
    """Send a body that comes one byte at a time, and never ends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    _drip(handler, b" ")


def drips_headers(handler: Handler, _: dict[str, Any]) -> None:
    """Headers that come one byte at a time, and never end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(handler, b"x")


def _drip(handler: Handler, byte: bytes) -> None:
    handler.close_connection = True
    while not handler.server.closing.wait(0.02):
        handler.wfile.write(byte)
        handler.wfile.flush()
