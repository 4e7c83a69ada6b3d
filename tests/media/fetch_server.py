"""A server on this machine whose answers are right, wrong, late or endless, by the path."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

CONTENT = bytes(range(256)) * 1000
LIMIT = len(CONTENT)


class Handler(BaseHTTPRequestHandler):
    """Answers by the path that is asked for."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, dict[str, str]]]
    over: Event

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        name, _, rest = self.path.partition("?")[0][1:].partition("/")
        with suppress(OSError):  # the client has gone
            getattr(self, f"_{name}", self._missing)(rest)

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()

    def _content(self, _: str) -> None:
        self._head(200, Content_Length=str(LIMIT))
        self.wfile.write(CONTENT)

    def _unsaid(self, _: str) -> None:
        """Without a length, to the end of the connection."""
        self._head(200, Connection="close")
        self.wfile.write(CONTENT)

    def _chunked(self, _: str) -> None:
        self._head(200, Transfer_Encoding="chunked")
        for part in (CONTENT[:1000], CONTENT[1000:], b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    def _liar(self, _: str) -> None:
        self._head(200, Content_Length="1000", Connection="close")
        self.wfile.write(b"x" * 10)
        self.close_connection = True

    def _empty(self, _: str) -> None:
        self._head(200, Content_Length="0")

    def _packed(self, _: str) -> None:
        self._head(200, Content_Length="3", Content_Encoding="gzip")
        self.wfile.write(b"abc")

    def _to(self, location: str) -> None:
        self._head(302, Content_Length="0", Location=location)

    def _nowhere(self, _: str) -> None:
        self._head(301, Content_Length="0")

    def _loop(self, _: str) -> None:
        self._to("/loop")

    def _hops(self, left: str) -> None:
        self._to(f"/hops/{int(left) - 1}" if int(left) else "/content")

    def _missing(self, _: str) -> None:
        self._head(404, Content_Length="0")

    def _drip(self, _: str) -> None:
        self._head(200, Content_Length="100000")
        self._drops()

    def _slow(self, _: str) -> None:
        """A head that never ends."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        self._drops()

    def _silent(self, _: str) -> None:
        self.over.wait(30)

    def _drops(self) -> None:
        while not self.over.wait(0.02):
            self.wfile.write(b"x")
            self.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass


def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    handler = type("Own", (Handler,), {"asked": [], "over": Event()})
    with Server(("127.0.0.1", 0), handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            handler.over.set()
            server.shutdown()
            thread.join()
