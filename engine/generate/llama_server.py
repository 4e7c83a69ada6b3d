"""A child process that runs llama.cpp, and requests to it that can be given up at any time."""

from __future__ import annotations

import http.client
import json
import os
import queue
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from engine.common.progress import CancelToken
from engine.errors import ChatFailed, ExtraMissing

_MISSING = ("a language model of this machine", "local-chat")
_GLANCE = 0.1
"""Seconds between two looks at whether the caller has cancelled."""
_SHOWN = 200
"""Characters of a complaint that are passed on."""


@dataclass(frozen=True, slots=True)
class LlamaModel:
    """A model file, and how it is run."""

    model: str
    """Path of a GGUF file; of the first one where there are several parts."""
    alias: str
    projector: str = ""
    """Path of the GGUF file that lets it see; empty for none."""
    context: int = 8192
    """Tokens of question and answer together."""
    threads: int = 1


class LlamaServer:
    """A process that has a model loaded. Making one starts nothing.

    It is asked on a socket in a folder that only its user can enter, so that no port is open.
    """

    def __init__(self, model: LlamaModel) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path()
        self._ready = False

    @property
    def pid(self) -> int | None:
        """The number of the process; None where none runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def ready(self) -> bool:
        """True if a process has the model loaded."""
        return self._ready and self.pid is not None

    def stream(
        self, body: Mapping[str, Any], *, seconds: float, cancel: CancelToken | None
    ) -> Iterator[dict[str, Any]]:
        """Post a streaming chat completion; yield its events as they come.

        Whatever ends the iteration, the model stops with it: at the next token, or between two
        passes over the prompt.

        Raises:
            ChatFailed: ``seconds`` have passed, or the process cannot answer.
            Cancelled: ``cancel`` was.
            ExtraMissing: the package is not installed.
        """
        deadline = time.monotonic() + seconds
        self.start(deadline, cancel)
        connection = _Connection(str(self._folder / "llama.sock"))
        lines: queue.SimpleQueue[bytes | ChatFailed | None] = queue.SimpleQueue()
        reader = threading.Thread(
            target=_read, args=(connection, json.dumps(body), lines), daemon=True
        )
        reader.start()
        try:
            while (line := _next(lines, deadline, seconds, cancel)) is not None:
                yield json.loads(line)
        finally:
            broke = connection.broke
            connection.give_up()
            reader.join(5.0)
            if broke:  # a killed process is still there for a moment after its connections
                self._await_end()

    def start(self, deadline: float, cancel: CancelToken | None = None) -> None:
        """Have the model loaded; what is loading when the time is over goes on behind.

        Raises:
            ChatFailed: it is not loaded by ``deadline``, or cannot be.
            Cancelled, ExtraMissing: as ``stream``.
        """
        check()
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._spawn()
            assert self._process is not None
            while not self._ready:
                self._await_ready(self._process, deadline, cancel)

    def close(self) -> None:
        """End the process, and so free its memory."""
        with self._lock:
            if self._process is not None:
                _end(self._process)
                self._process, self._ready = None, False

    def _await_end(self) -> None:
        """Wait for a process that hung up to end, so that the next call starts another."""
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)

    def _spawn(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sensorium-llama-"))
        asked = asdict(self._model) | {"socket": str(self._folder / "llama.sock")}
        program = Path(__file__).with_name("llama_process.py")
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(program), json.dumps(asked)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                # So that Ctrl-C at a terminal asks this process alone.
                start_new_session=True,
            )  # fmt: skip
        self._ready = False
        weakref.finalize(self, _end, self._process)

    def _await_ready(
        self, process: subprocess.Popen[bytes], deadline: float, cancel: CancelToken | None
    ) -> None:
        if cancel is not None:
            cancel.check()
        left = deadline - time.monotonic()
        if left <= 0:
            raise ChatFailed(f"{self._model.alias} was not loaded in time; it goes on loading")
        stdout = process.stdout
        assert stdout is not None
        if not select.select([stdout], [], [], min(left, _GLANCE))[0]:
            return
        if os.read(stdout.fileno(), 64):
            self._ready = True
            return
        process.wait()
        self._process = None
        why = _last_line(self._folder / "log")
        _clear(self._folder)
        raise ChatFailed(f"{self._model.alias} cannot be loaded: {why}")


class _Connection(http.client.HTTPConnection):
    """HTTP on a socket of the file system."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path
        self._given_up = threading.Event()
        self.broke = False

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)
        if self._given_up.is_set():
            self.give_up()

    def give_up(self) -> None:
        """End the connection, from any thread, whatever it is waiting for."""
        self._given_up.set()
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


def _read(
    connection: _Connection, body: str, lines: queue.SimpleQueue[bytes | ChatFailed | None]
) -> None:
    """Put the events of an answer into ``lines``, and None at their end."""
    try:
        connection.request(
            "POST", "/v1/chat/completions", body, {"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            lines.put(ChatFailed(f"the model refused: {_complaint(answer.read())}"))
            return
        for line in _events(answer):
            lines.put(line)
        lines.put(None)
    except Exception as error:
        connection.broke = True
        lines.put(ChatFailed(f"the model's process ended ({type(error).__name__})"))
    finally:
        connection.close()


def _events(answer: IO[bytes] | http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the data of server-sent events (WHATWG HTML, 9.2), up to ``[DONE]``."""
    while line := answer.readline():
        if line.startswith(b"data: "):
            data = line.removeprefix(b"data: ").strip()
            if data == b"[DONE]":
                return
            yield data
        elif line.startswith(b"error: "):
            raise ValueError(line)
    raise ConnectionError


def _next(
    lines: queue.SimpleQueue[bytes | ChatFailed | None],
    deadline: float,
    seconds: float,
    cancel: CancelToken | None,
) -> bytes | None:
    while True:
        if cancel is not None:
            cancel.check()
        left = deadline - time.monotonic()
        if left <= 0:
            raise ChatFailed(f"the model did not answer within {seconds:g} s")
        with suppress(queue.Empty):
            line = lines.get(timeout=min(left, _GLANCE))
            if isinstance(line, ChatFailed):
                raise line
            return line


def _complaint(body: bytes) -> str:
    try:
        message = str(json.loads(body)["error"]["message"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return "no reason given"
    return " ".join(message.split())[:_SHOWN]


def _last_line(log: Path) -> str:
    """Return what the process complained of last."""
    lines = log.read_text("utf-8", "replace").split("\n") if log.exists() else []
    complaints = [line.strip() for line in lines if line.strip()] or ["its process ended"]
    if "Failed to init server" in complaints[-1]:
        return "llama.cpp does not know such a model, its file is damaged, or memory is too small"
    return complaints[-1][:_SHOWN]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process by the end of its pipe, and by force where that is not enough."""
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe is not None:
                pipe.close()
    try:
        process.wait(5.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _clear(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def check() -> None:
    """See that the package is installed, without importing it.

    Raises:
        ExtraMissing: it is not.
    """
    if find_spec("xllamacpp") is None:
        raise ExtraMissing(*_MISSING)
