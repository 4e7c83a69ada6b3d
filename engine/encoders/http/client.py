"""Requests to an embedding server, tried again while that may help, within a budget."""

from __future__ import annotations

import json
import logging
import os
import random
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from engine.common.certificates import trusted_authorities
from engine.common.retry_after import retry_after_seconds
from engine.common.server_keys import secret
from engine.config import Settings
from engine.encoders.http.dialects import EmbeddingRequest, tokens_of
from engine.encoders.http.names import ServedModel, vendor
from engine.errors import EmbeddingFailed, EncoderUnavailable, ExtraMissing

KEY = "SENSORIUM_EMBED_KEY"
_VENDOR_KEYS = {
    "api.jina.ai": ("JINA_API_KEY",),
    "api.cohere.com": ("CO_API_KEY", "COHERE_API_KEY"),
    "api.cohere.ai": ("CO_API_KEY", "COHERE_API_KEY"),
    "generativelanguage.googleapis.com": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "api.openai.com": ("OPENAI_API_KEY",),
}
"""The variables of vendors' keys, which are sent to the vendors' own servers and to no other."""
_ONE_REQUEST = 60.0
"""Seconds after which a request is given up and sent anew."""
_LONGEST_WAIT = 20.0
"""Seconds that the waits, which double, grow to."""
_MOST_BYTES = 256 * 2**20
_SHOWN = 200
"""Characters of a server's complaint that are passed on."""
_KEPT = "what was embedded is kept, and the same command goes on from there"
_chance = random.SystemRandom()
_log = logging.getLogger(__name__)


class RequestRefused(Exception):
    """The server does not take this request, and would not the next time.

    Attributes:
        of_items: whether what was sent is at fault, and not the address or the key.
    """

    def __init__(self, host: str, status: int, complaint: str) -> None:
        what = f"{host} answered {status}" + (f" ({complaint})" if complaint else "")
        super().__init__(what)
        self.of_items = status in (400, 413, 415, 422)


class _Trouble(Exception):
    """An attempt that failed and may succeed later, with the seconds that the server asks for."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.what, self.wait = what, wait


@dataclass
class Spending:
    """The sum of what was asked of a server since its encoder was made."""

    requests: int = 0
    rows: int = 0
    tokens: int = 0
    money: float = 0.0
    """US dollars, where ``embed_price`` says what tokens cost."""

    def __str__(self) -> str:
        requests = f"{self.requests:,} request{'s' * (self.requests != 1)}"
        tokens = f", {self.tokens:,} tokens" if self.tokens else ""
        money = f", {self.money:.4f} USD" if self.money else ""
        return f"{requests}, {self.rows:,} vectors{tokens}{money}"


@dataclass
class EmbeddingClient:
    """Posts JSON to one server.

    Args:
        first_wait: seconds before a request is tried again the first time.
    """

    served: ServedModel
    settings: Settings
    key: str | None = field(repr=False, default=None)
    first_wait: float = 0.5
    spent: Spending = field(default_factory=Spending)
    _http: Any = field(repr=False, default=None)
    _next: float = 0.0
    """The time before which no request is sent, by ``time.monotonic()``."""

    def post(self, question: EmbeddingRequest, *, persist: bool = True) -> Mapping[str, Any]:
        """Return the JSON that the server answers.

        Too many requests (429), faults of the server (500 to 599) and lost connections are
        tried again for ``embed_seconds``, after as long as ``Retry-After`` says, or else after
        waits that double, with jitter (Brooker 2015, "Exponential Backoff and Jitter").

        Args:
            persist: whether faults of the server (500, 501) are tried again, too.

        Raises:
            RequestRefused: the server will not take it.
            EmbeddingFailed: it did not answer in time, asks to wait longer, or the budget is
                spent.
        """
        body = json.dumps(question.body).encode()
        began, attempt = time.monotonic(), 0
        while True:
            self._within_budget()
            try:
                return self._answer(question.url, body, persist)
            except _Trouble as trouble:
                attempt += 1
                wait = self._backoff(attempt) if trouble.wait is None else trouble.wait
                if wait > began + self.settings.embed_seconds - time.monotonic():
                    asks = f" and asks to wait {wait:.0f} s" if trouble.wait else ""
                    raise EmbeddingFailed(
                        f"{self.served.host} {trouble.what}{asks}, longer than"
                        f" {self.settings.embed_seconds:g} s (SENSORIUM_EMBED_SECONDS); {_KEPT}"
                    ) from None
                _log.info("%s %s; tried again in %.1f s", self.served.host, trouble.what, wait)
                time.sleep(wait)

    def _backoff(self, attempt: int) -> float:
        longest = min(_LONGEST_WAIT, self.first_wait * 2 ** min(attempt - 1, 16))
        return _chance.uniform(longest / 2, longest)

    def _within_budget(self) -> None:
        """Wait for the rate, and count the request.

        Raises:
            EmbeddingFailed: a limit is reached.
        """
        settings, spent = self.settings, self.spent
        limits = (
            ("requests", spent.requests, settings.embed_requests),
            ("tokens", spent.tokens, settings.embed_tokens),
            ("US dollars", spent.money, settings.embed_money),
        )
        for unit, value, most in limits:
            if most and value >= most:
                name = {"US dollars": "money"}.get(unit, unit).upper()
                raise EmbeddingFailed(
                    f"the budget of {most:g} {unit} for {self.served.host} is spent"
                    f" (SENSORIUM_EMBED_{name}); {_KEPT}"
                )
        if settings.embed_per_minute:
            now = time.monotonic()
            if now < self._next:
                time.sleep(self._next - now)
            self._next = max(now, self._next) + 60 / settings.embed_per_minute
        spent.requests += 1

    def _answer(self, url: str, body: bytes, persist: bool) -> Mapping[str, Any]:
        httpx = require(self.served.name)
        if self._http is None:
            self._http = httpx.Client(verify=trusted_authorities())
            weakref.finalize(self, self._http.close)  # encoders have no end of their own
        try:
            with self._http.stream(
                "POST", url, content=body, headers=self._headers(), timeout=_ONE_REQUEST
            ) as answer:
                content = self._read(answer)
        except httpx.TimeoutException:
            raise _Trouble(f"did not answer within {_ONE_REQUEST:g} s") from None
        except httpx.TransportError as error:
            # Neither its text nor a chain to it: it may quote a header, and the key is in one.
            raise _Trouble(f"lost the connection ({type(error).__name__})") from None
        if answer.status_code != httpx.codes.OK:
            raise self._refusal(answer, content, persist)
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            raise _Trouble("answered what is no JSON") from None
        if not isinstance(found, dict):
            raise _Trouble("answered what is no object of JSON")
        tokens = tokens_of(found)
        self.spent.tokens += tokens
        self.spent.money += tokens * self.settings.embed_price / 1e6
        return found

    def _read(self, answer: Any) -> bytes:
        content = bytearray()
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > _MOST_BYTES:
                raise RequestRefused(self.served.host, 200, f"more than {_MOST_BYTES} bytes")
        return bytes(content)

    def _refusal(self, answer: Any, content: bytes, persist: bool) -> Exception:
        status: int = answer.status_code
        complaint = _complaint(content)
        if self.key:
            complaint = complaint.replace(self.key, "***")
        lasting = status in (500, 501) and not persist
        if status in (408, 425, 429) or (500 <= status <= 599 and not lasting):
            what = f"answered {status}" + (f" ({complaint})" if complaint else "")
            return _Trouble(what, retry_after_seconds(answer.headers.get("Retry-After")))
        return RequestRefused(self.served.host, status, complaint)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key and vendor(self.served.url) == "gemini":
            return headers | {"x-goog-api-key": self.key}
        return headers | ({"Authorization": f"Bearer {self.key}"} if self.key else {})


def key_of(served: ServedModel, environ: Mapping[str, str] | None = None) -> str | None:
    """Return the key for a server out of the environment; None where there is none.

    Raises:
        EncoderUnavailable: it would be sent in the clear to another machine, or is no key.
    """
    environ = os.environ if environ is None else environ
    host = urlsplit(served.url).hostname or ""
    names = (KEY, *_VENDOR_KEYS.get(host, ()))
    key = next(filter(None, (secret(environ, name) for name in names)), None)
    if key is None:
        return None
    if not key.isascii() or not key.isprintable():
        raise EncoderUnavailable("the key of an embedding server has a character that no key has")
    if served.url.startswith("http://") and not _is_here(host):
        raise EncoderUnavailable(
            f"{served.url}: a key is not sent without encryption to another machine; use https://,"
            f" or unset {KEY}"
        )
    return key


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _complaint(body: bytes) -> str:
    """Return a server's own message on one line; empty where it has none."""
    try:
        found = json.loads(body)
        for key in ("error", "detail", "message"):
            if isinstance(found, dict) and key in found:
                found = found[key]
        if isinstance(found, dict):
            found = found.get("message", "")
    except (ValueError, RecursionError):
        return ""
    return " ".join(found.split())[:_SHOWN] if isinstance(found, str) else ""


def require(name: str) -> Any:
    """Return httpx.

    Raises:
        ExtraMissing: it is not installed.
    """
    if find_spec("httpx") is None:
        raise ExtraMissing(f"the encoder {name}", "http")
    import httpx

    return httpx
