"""One request to a server, tried again while that may help, and never past its time."""

from __future__ import annotations

import itertools
import json
import queue
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from engine.common.certificates import trusted_authorities
from engine.common.optional_package import importing
from engine.common.progress import CancelToken
from engine.common.retry_after import retry_after_seconds
from engine.errors import ChatFailed, ExtraMissing

_MISSING = ("asking a server of language models", "llm")
_ATTEMPTS = 5
_LONGEST_WAIT = 8.0
"""Seconds that the waits, which double, grow to."""
_MOST_BYTES = 4 * 2**20
"""Most bytes of an answer; the longest text that a model writes is a hundredth of that."""
_GLANCE = 0.1
"""Seconds between two looks at whether the caller has cancelled."""
_SHOWN = 200
"""Characters of a server's complaint that are passed on."""
_chance = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Request:
    """The JSON that is sent, and its address."""

    url: str
    body: bytes = field(repr=False)
    key: str | None = field(default=None, repr=False)
    """The bearer token. It is in no message and no representation."""
    accept: str = "application/json"
    content: str = "application/json"
    most_bytes: int = _MOST_BYTES
    """Bytes of an answer, past which it is refused."""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or self.url

    def headers(self) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return {"Content-Type": self.content, "Accept": self.accept} | bearer


class _Trouble(Exception):
    """An attempt that failed, whether another may do better, and the seconds that the
    server asks for."""

    def __init__(self, what: str, *, again: bool, wait: float | None = None) -> None:
        super().__init__(what)
        self.what, self.again, self.wait = what, again, wait


def post(
    request: Request,
    *,
    seconds: float,
    first_wait: float = 0.5,
    on_bytes: Callable[[bytes], None] | None = None,
    cancel: CancelToken | None = None,
) -> bytes:
    """Post a request; returns the body of the server's answer.

    Args:
        on_bytes: called with each part of a body as it comes, in the caller's thread. What has
            begun to come is not asked for again.

    Too many requests (429), faults of the server (500 to 599) and lost connections are
    tried again, after as long as ``Retry-After`` says, or else after waits that double
    from ``first_wait`` seconds, with jitter (Brooker 2015, "Exponential Backoff and
    Jitter").

    The work is done in a thread of its own, which is left behind at the deadline: no
    timeout of a socket covers the look-up of a name, or a server that sends its headers
    one byte at a time.

    Raises:
        ChatFailed: ``seconds`` have passed, or the server will not answer.
        Cancelled: ``cancel`` was.
        ExtraMissing: httpx is not installed.
    """
    deadline = time.monotonic() + seconds  # importing and making the client takes a while
    client = require().Client(verify=trusted_authorities())
    done: _Outcome = queue.SimpleQueue()
    over = threading.Event()
    on_part = None if on_bytes is None else lambda part: done.put(_Part(part))
    work = _Work(client, request, deadline, over, first_wait, on_part)
    threading.Thread(target=lambda: done.put(work.run()), daemon=True).start()
    try:
        while isinstance(result := _awaited(done, deadline, cancel), _Part):
            if on_bytes is not None:
                on_bytes(result.content)
    except queue.Empty:
        raise _late(request, seconds) from None
    finally:
        over.set()
        with suppress(Exception):  # of a connection that the thread is still reading
            client.close()
    if isinstance(result, ChatFailed):
        raise result
    return result


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a body that is still coming."""

    content: bytes


_Outcome: TypeAlias = "queue.SimpleQueue[bytes | ChatFailed | _Part]"


def _awaited(
    done: _Outcome, deadline: float, cancel: CancelToken | None
) -> bytes | ChatFailed | _Part:
    """Return what comes by the deadline; raise ``queue.Empty`` where nothing does."""
    while cancel is not None:
        cancel.check()
        left = deadline - time.monotonic()
        if left <= _GLANCE:
            break
        with suppress(queue.Empty):
            return done.get(timeout=_GLANCE)
    return done.get(timeout=max(0.0, deadline - time.monotonic()))


@dataclass(frozen=True, slots=True)
class _Work:
    """The work of the thread."""

    client: Any
    request: Request
    deadline: float
    over: threading.Event
    first_wait: float
    on_part: Callable[[bytes], None] | None = None

    def run(self) -> bytes | ChatFailed:
        try:
            return self._persist()
        except _Trouble as trouble:
            return ChatFailed(f"{self.request.host} {trouble.what}")
        except Exception as error:
            # Its text is left out: it may quote a header, and the key is in one.
            return ChatFailed(f"{self.request.host} cannot be asked ({type(error).__name__})")

    def _persist(self) -> bytes:
        for attempt in itertools.count(1):
            try:
                return self._once()
            except _Trouble as trouble:
                if not trouble.again or attempt == _ATTEMPTS:
                    raise
                wait = self._backoff(attempt) if trouble.wait is None else trouble.wait
                if wait >= self.deadline - time.monotonic():
                    asks = f" and asks to wait {wait:.0f} s" if trouble.wait else ""
                    raise _Trouble(f"{trouble.what}{asks}", again=False) from None
            if self.over.wait(wait):
                break
        raise _Trouble("was given up", again=False)

    def _backoff(self, attempt: int) -> float:
        longest = min(_LONGEST_WAIT, self.first_wait * 2 ** (attempt - 1))
        return _chance.uniform(longest / 2, longest)

    def _once(self) -> bytes:
        httpx, begun = require(), False
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise _Trouble("did not answer in time", again=False)
        try:
            with self.client.stream(
                "POST",
                self.request.url,
                content=self.request.body,
                headers=self.request.headers(),
                timeout=left,
            ) as answer:
                begun = self.on_part is not None and answer.status_code == httpx.codes.OK
                body = self._read(answer)
        except httpx.TimeoutException:
            raise _Trouble("did not answer in time", again=False) from None
        except httpx.TransportError as error:
            # As above: no text, and no chain to it.
            what = f"lost the connection ({type(error).__name__})"
            raise _Trouble(what, again=not begun) from None
        if answer.status_code != httpx.codes.OK:
            raise self._refused(answer, body)
        return body

    def _read(self, answer: Any) -> bytes:
        body = bytearray()
        for chunk in answer.iter_bytes():
            body += chunk
            if self.on_part is not None and answer.status_code == 200:
                self.on_part(chunk)
            if len(body) > self.request.most_bytes:
                raise _Trouble(f"answered more than {self.request.most_bytes} bytes", again=False)
            if time.monotonic() > self.deadline:
                raise _Trouble("did not answer in time", again=False)
        return bytes(body)

    def _refused(self, answer: Any, body: bytes) -> _Trouble:
        status: int = answer.status_code
        complaint = _complaint(body)
        if self.request.key:
            complaint = complaint.replace(self.request.key, "***")
        what = f"answered {status}" + (f" ({complaint[:_SHOWN]})" if complaint else "")
        again = status == 429 or 500 <= status <= 599
        wait = retry_after_seconds(answer.headers.get("Retry-After"))
        return _Trouble(what, again=again, wait=wait)


def _complaint(body: bytes) -> str:
    """Return a server's own error message on one line; empty where it has none."""
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return " ".join(message.split()) if isinstance(message, str) else ""


def _late(request: Request, seconds: float) -> ChatFailed:
    return ChatFailed(f"{request.host} did not answer within {seconds:.3g} s")


def check() -> None:
    """See that httpx is installed, without importing it.

    Raises:
        ExtraMissing: it is not.
    """
    if find_spec("httpx") is None:
        raise ExtraMissing(*_MISSING)


def require() -> Any:
    """httpx.

    Raises:
        ExtraMissing: it is not installed.
    """
    with importing(*_MISSING, "httpx"):
        import httpx
    return httpx
