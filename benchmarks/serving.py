"""A server in a process of its own, and clients of it that cost little."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.common import scratch
from benchmarks.synthetic_library import labels_of, write_library
from engine.config import Settings
from engine.encoders import registry
from engine.library.facade import Library

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    host: str
    port: int
    pid: int

    def resident(self) -> int:
        """Return the bytes of memory that it and its processes have.

        What several of them map counts for each.
        """
        return sum(int(fields.split()[1]) * _PAGE for fields in self._of_processes("statm"))

    def own_memory(self) -> int:
        """Return the bytes of memory that hold what is in no file, of it and its processes."""
        found = 0
        for status in self._of_processes("status"):
            lines = dict(line.split(":", 1) for line in status.splitlines())
            found += sum(int(lines[name].split()[0]) for name in ("RssAnon", "RssShmem"))
        return found * 1024

    def cpu_seconds(self) -> float:
        """Return the seconds that it and its processes have computed, on all cores."""
        fields = (stat.rpartition(")")[2].split() for stat in self._of_processes("stat"))
        return sum(int(each[11]) + int(each[12]) for each in fields) / _TICKS

    def _of_processes(self, name: str) -> Iterator[str]:
        for pid in self._processes():
            with suppress(FileNotFoundError, ProcessLookupError):
                yield Path(f"/proc/{pid}/{name}").read_text()

    def _processes(self) -> list[int]:
        found = [self.pid]
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                found += map(int, (thread / "children").read_text().split())
        return found


@contextmanager
def serving(library: Path, *options: str) -> Iterator[Server]:
    """Run `sensorium serve` for the length of the ``with``."""
    typed = ("serve", "--library", str(library), "--port", "0", *options)
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.commands.main", *typed],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = ""
        for line in process.stdout:
            if found := re.search(r"http://([\d.]+):(\d+)", line):
                yield Server(found[1], int(found[2]), process.pid)
                return
        raise SystemExit(f"the server did not start: {line}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@contextmanager
def many_moments(data: Path, work: Path, moments: int) -> Iterator[Path]:
    """Yield a library of that many moments with its indexes, made once in a folder that stays."""
    encoder = registry.default_encoder()
    revision = registry.towers(encoder, Settings()).shared.revision
    place = work / f"served-{moments}-{revision[:8]}"
    if not place.exists():
        with scratch() as folder:
            write_library(folder / "library", data, moments // 2, encoder)
            with Library.open(folder / "library") as library:
                library.compact()
                library.refresh(always=True)
                library.maintenance.calibrate(wait=False)
            place.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-r", folder / "library", place], check=True)
    yield place


_PLACES = (
    "in the snow", "at night", "on a table", "in the garden", "by the sea", "at home", "in town",
    "on the road", "in a field", "under a tree", "on the grass", "in the rain", "at a market",
    "on a wall", "in the sun", "near water", "in a room", "with a child", "from above", "close up",
    "in black and white", "at sunset", "in the mountains", "on a boat", "in the forest",
)  # fmt: skip


def questions(data: Path) -> Iterator[str]:
    """Yield texts that were not asked before, some 60,000 of them."""
    labels = labels_of(data)
    for article in ("a", "the", "one", "some", "my", "old", "small", "this"):
        for place in _PLACES:
            yield from (f"{article} {label} {place}" for label in labels)


# --- clients ------------------------------------------------------------------------


@dataclass(slots=True)
class Tally:
    """The answers to many requests."""

    seconds: list[float] = field(default_factory=list)
    """Of each request that was answered with 200."""
    ended: list[float] = field(default_factory=list)
    """When each of those was answered, on the clock of ``time.perf_counter``."""
    statuses: dict[int, int] = field(default_factory=dict)
    """How often each status came; 0 for no answer."""
    took: float = 0.0
    """Seconds that all of it took."""

    @property
    def errors(self) -> int:
        """Requests that were not answered with 200."""
        return sum(count for status, count in self.statuses.items() if status != 200)

    def quantile(self, share: float) -> float:
        """Return the seconds within which that share of requests was answered."""
        ordered = sorted(self.seconds)
        return (
            ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")
        )

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return len(self.seconds) / self.took


class Connection:
    """One client: it keeps a connection, and sends one request after another."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Return status and content of an answer; 0 where there was none."""
        return await self._asked("POST", path, body)

    async def get(self, path: str) -> tuple[int, bytes]:
        """Return status and content of an answer; 0 where there was none."""
        return await self._asked("GET", path, b"")

    async def _asked(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        try:
            # As HTTP clients do: the server has closed what was idle for its five seconds.
            if self._streams is not None and self._streams[0].at_eof():
                self.close()
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._server.host, self._server.port)
            reader, writer = self._streams
            writer.write(_request(self._server, method, path, body))
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            content = await reader.readexactly(int(length[1]) if length else 0)
            if b"connection: close" in head.lower():
                self.close()
            return int(head[9:12]), content
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0, b""

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _request(server: Server, method: str, path: str, body: bytes) -> bytes:
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {server.host}:{server.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def load(
    server: Server, path: str, bodies: Iterator[bytes], clients: int, seconds: float
) -> Tally:
    """Have clients send one request after another until time is up, or no body is left."""
    tally, began = Tally(), time.perf_counter()
    until = began + seconds

    async def client() -> None:
        connection = Connection(server)
        while time.perf_counter() < until and (body := next(bodies, None)) is not None:
            sent = time.perf_counter()
            status, _ = await connection.post(path, body)
            now = time.perf_counter()
            tally.statuses[status] = tally.statuses.get(status, 0) + 1
            if status == 200:
                tally.seconds.append(now - sent)
                tally.ended.append(now)
            elif status in (0, 429):
                await asyncio.sleep(0.05)  # as a client that was told to come again
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    tally.took = time.perf_counter() - began
    return tally


def as_bodies(values: Iterator[Mapping[str, object]]) -> Iterator[bytes]:
    """Yield JSON, made as it is asked for."""
    return (json.dumps(value).encode() for value in values)


def searches(data: Path) -> Iterator[bytes]:
    """Yield bodies of searches for texts that were not asked before."""
    return as_bodies({"text": text, "top": 20} for text in questions(data))
