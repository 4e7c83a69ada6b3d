"""A server on loopback that embeds in every dialect, counts what it bills, and breaks on demand.

For tests and benchmarks: it stands for the servers that ``http:URL#MODEL`` asks. A picture's
vector is its mean colour in some detail, a sound's its spectrum, a text's its words, so that
each item has its own and the same one always.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import wave
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from PIL import Image

DIM = 48
Fault = str | tuple[int, dict[str, str]]
"""``drop``, ``break``, ``fewer``, ``nan``, ``dim``, ``junk``, or a status with headers."""
Faults = Callable[[int, int], Fault | None]
"""The fault of a request, by its number from 0 and its count of items; None of a good one."""


def no_faults(request: int, items: int) -> Fault | None:  # noqa: ARG001
    """Answer every request."""
    return None


@dataclass
class Bill:
    """The account of what a server did, over all of its restarts."""

    dialects: frozenset[str] = frozenset({"texts", "items", "chat", "cohere", "gemini", "strings"})
    faults: Faults = no_faults
    rows: Counter[str] = field(default_factory=Counter)
    """The answers with a vector to each picture and sound, by the hash of its content."""
    texts: Counter[str] = field(default_factory=Counter)
    """The same of texts."""
    requests: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    remembers: bool = True
    """True where bodies and headers are kept, for tests to look at."""
    poison: frozenset[str] = frozenset()
    """Hashes of items that are refused with 400."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class EmbeddingServer:
    """A server that can be stopped and started again on its port."""

    def __init__(self, bill: Bill) -> None:
        self.bill = bill
        self._port = 0
        self._running: tuple[_Http, threading.Thread] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        http = _Http(("127.0.0.1", self._port), self.bill)
        self._port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        self._running = http, thread

    def stop(self) -> None:
        if self._running is not None:
            http, thread = self._running
            http.shutdown()
            http.server_close()
            thread.join()
            self._running = None


@contextmanager
def embedding_server(bill: Bill) -> Iterator[EmbeddingServer]:
    """Run a server for the length of a ``with``."""
    server = EmbeddingServer(bill)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], bill: Bill) -> None:
        super().__init__(address, _Handler)
        self.bill = bill

    def handle_error(self, *_: object) -> None:
        """Ignore a client that hangs up."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    # A connection a request: one that lasts would outlive the restart that a test is about.
    protocol_version = "HTTP/1.0"

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""

    def do_POST(self) -> None:
        bill = self.server.bill
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with bill.lock:
            number, bill.requests = bill.requests, bill.requests + 1
            if bill.remembers:
                bill.bodies.append(body)
                bill.headers.append(dict(self.headers))
        with suppress(OSError):  # of a client that has gone
            self._reply(bill, body, number)

    def _reply(self, bill: Bill, body: Mapping[str, Any], number: int) -> None:
        try:
            dialect, items = _items(self.path, body, bill.dialects)
        except ValueError as error:
            self._send(400, {"error": {"message": str(error)}})
            return
        keys = [item_key(content) for content in items]
        fault = bill.faults(number, len(items))
        if fault == "drop":
            return
        if isinstance(fault, tuple):
            self._send(fault[0], {"error": {"message": "no"}}, fault[1])
            return
        if fault == "junk":
            self._send(200, {"hello": "world"})
            return
        if bad := [at for at, key in enumerate(keys) if key in bill.poison]:
            self._send(400, {"error": {"message": f"item {bad[0]} cannot be read"}})
            return
        rows: list[list[float]] = [vector_of(content).tolist() for content in items]
        if fault == "nan":
            rows[0] = [float("nan")] * DIM
        elif fault == "dim":
            rows = [row[: DIM // 2] for row in rows]
        left_out = 1 if fault == "fewer" else 0
        if fault != "break":  # of which no row arrives; counted first, as the client hurries on
            paid = items[1:] if fault in ("nan", "fewer") else items
            with bill.lock:
                for content in paid:
                    (bill.rows if _is_media(content) else bill.texts)[item_key(content)] += 1
        self._send(200, _answer(dialect, rows[left_out:], left_out), cut=fault == "break")

    def _send(
        self,
        status: int,
        document: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        *,
        cut: bool = False,
    ) -> None:
        """Send an answer, or the first half of one."""
        content = json.dumps(document).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)


def _items(
    path: str, body: Mapping[str, Any], dialects: frozenset[str]
) -> tuple[str, Sequence[bytes]]:
    """Return the dialect of a request, and the content of its items.

    Raises:
        ValueError: the server does not take this.
    """
    if path.endswith(":batchEmbedContents"):
        contents = [request["content"]["parts"][0] for request in body["requests"]]
        return _checked("gemini", [_of_gemini(part) for part in contents], dialects)
    if path.endswith("/embed"):
        parts = [item["content"][0] for item in body["inputs"]]
        return _checked("cohere", [_of_part(part) for part in parts], dialects)
    if "messages" in body:
        return _checked("chat", [_of_part(body["messages"][0]["content"][0])], dialects)
    given = body["input"]
    if body.get("modality", "text") != "text" and "strings" in dialects:
        return "strings", [_decoded(text.partition(",")[2]) for text in given]
    if all(isinstance(item, str) for item in given):
        return "texts", [item.encode() for item in given]
    return _checked("items", [_of_item(item) for item in given], dialects)


def _checked(
    dialect: str, items: Sequence[bytes], dialects: frozenset[str]
) -> tuple[str, Sequence[bytes]]:
    if dialect not in dialects:
        raise ValueError(f"input should be a valid string, and not {dialect}")
    return dialect, items


def _of_gemini(part: Mapping[str, Any]) -> bytes:
    """Return the content of a part; names and base64 may be of either kind, as Google has it."""
    if "text" in part:
        return str(part["text"]).encode()
    data = str((part.get("inlineData") or part["inline_data"])["data"])
    return _decoded(data.replace("-", "+").replace("_", "/"))


def _of_part(part: Mapping[str, Any]) -> bytes:
    if part["type"] == "text":
        return str(part["text"]).encode()
    if part["type"] == "image_url":
        return _decoded(part["image_url"]["url"].partition(",")[2])
    return _decoded(part["input_audio"]["data"])


def _of_item(item: Mapping[str, str] | str) -> bytes:
    if isinstance(item, str):
        return item.encode()
    return _decoded(item.get("image") or item["audio"])


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _answer(dialect: str, rows: Sequence[Sequence[float]], first: int) -> dict[str, Any]:
    if dialect == "gemini":
        return {"embeddings": [{"values": row} for row in rows]}
    if dialect == "cohere":
        billed = {"billed_units": {"input_tokens": len(rows)}}
        return {"id": "1", "embeddings": {"float": list(rows)}, "meta": billed}
    data = [
        {"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(rows, first)
    ]
    return {"object": "list", "data": data, "usage": {"total_tokens": len(rows)}}


def _is_media(content: bytes) -> bool:
    return content.startswith((b"\xff\xd8", b"RIFF"))


def item_key(content: bytes) -> str:
    """Return what stands for an item in a bill."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def vector_of(content: bytes) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the vector of a picture, a sound or a text, (DIM,) float32, of length one."""
    if content[:2] == b"\xff\xd8":
        small = Image.open(io.BytesIO(content)).convert("RGB").resize((4, 4))
        row = np.asarray(small, np.float32).reshape(-1) - 127.0
    elif content[:4] == b"RIFF":
        with wave.open(io.BytesIO(content)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        power = np.abs(np.fft.rfft(samples.astype(np.float32), n=16_000))
        row = np.array([band.sum() for band in np.array_split(power, DIM)], np.float32)
    else:
        row = np.zeros(DIM, np.float32)
        for word in content.decode().lower().split():
            seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
            row += np.random.default_rng(seed).standard_normal(DIM).astype(np.float32)
    row = row + 1e-3
    return (row / np.linalg.norm(row)).astype(np.float32)
