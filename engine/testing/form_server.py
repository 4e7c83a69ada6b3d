"""A server on loopback that takes forms with files, as ``/v1/audio/transcriptions`` does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FormsServed:
    """A running server, what it answers, and the forms that it was sent."""

    url: str
    answer: bytes
    forms: list[dict[str, list[bytes]]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        self.server.served.forms.append(_fields(BytesParser().parsebytes(head + body)))
        answer = self.server.served.answer
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.served = FormsServed(f"http://127.0.0.1:{self.server_address[1]}/v1", answer)


def _fields(form: Message) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for part in form.walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found.setdefault(name, []).append(content)
    return found


@contextmanager
def serving_forms(answer: bytes) -> Iterator[FormsServed]:
    """Run a server for the length of a ``with``."""
    server = _Server(answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
