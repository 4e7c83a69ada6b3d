"""Fetch the content of an http(s) URL into a temporary file.

A URL may come from anybody who can put a query, so it must not become a way into the
network that this process is in. Every host, that of a redirect too, is resolved once;
all of its addresses have to be public (``addresses``); and the connection goes to one
of just these, so that no second answer of a name server can lead elsewhere. TLS is
verified against the name. Proxies of the environment are not used, since a proxy would
resolve the name again, behind the check.

Time and size are bounded as a whole, so a server that drips cannot hold anybody up.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from engine.common.file_state import one_line
from engine.config import Settings
from engine.errors import FetchRefused
from engine.media.addresses import Address, Allow, is_public, resolved

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_LONGEST_URL = 2048
_SHOWN = 200
"""Characters of a URL that a message repeats."""
_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "User-Agent": "sensorium",
    "Connection": "close",
}
_BLOCK = 64 * 1024
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9.])?|[0-9a-f:.]*:[0-9a-f:.]*")
"""A name or an address of IPv4 in any spelling, or an address of IPv6 without a zone."""
_SECRET = re.compile("//[^/?#]*@")
"""A user and a password, which no message repeats."""
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


@contextmanager
def fetched(url: str, settings: Settings, *, allow: Allow = is_public) -> Iterator[Path]:
    """Fetch the content of a URL into a file that is gone when the ``with`` ends.

    Args:
        allow: which addresses may be connected to. For tests, whose server is on this
            machine; everything else keeps the default.

    Raises:
        FetchRefused: the URL is none of http or https, names a user, or leads to an
            address that is not public; the server does not answer with content, or not
            within ``settings.fetch_seconds`` and ``settings.max_fetch_bytes``.
    """
    with ExitStack() as stack:
        with _naming(url, settings):
            folder = tempfile.TemporaryDirectory(prefix="sensorium-")
            # Without the suffix of the URL: what the content is shall decide alone.
            path = Path(stack.enter_context(folder)) / "fetched"
            with path.open("wb") as file:
                _Fetch(settings, allow).into(file, url)
        yield path


@contextmanager
def _naming(url: str, settings: Settings) -> Iterator[None]:
    """Put any failure in one line that begins with the URL."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in _SECRET.sub("//…@", url))
    shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
    try:
        yield
    except _Refused as error:
        raise FetchRefused(f"{shown}: {error}") from error
    except TimeoutError as error:
        limit = f"{settings.fetch_seconds:g} s (SENSORIUM_FETCH_SECONDS)"
        raise FetchRefused(f"{shown}: not fetched within {limit}") from error
    except socket.gaierror as error:
        raise FetchRefused(
            f"{shown}: cannot be fetched: its host is not known here; is this machine online?"
        ) from error
    except ssl.SSLCertVerificationError as error:
        reason = f"the server's certificate is not valid for it: {error.verify_message}"
        raise FetchRefused(f"{shown}: {reason}") from error
    except (OSError, http.client.HTTPException) as error:
        cause = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise FetchRefused(f"{shown}: cannot be fetched: {one_line(cause)}") from error


class _Refused(Exception):
    """Why a URL is not fetched, without the URL."""


@dataclass(frozen=True, slots=True)
class _Deadline:
    """The time when all has to be done, on the monotonic clock."""

    at: float

    def left(self) -> float:
        """Seconds, more than none.

        Raises:
            TimeoutError: it has passed.
        """
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


class _Fetch:
    """One URL with all that it redirects to, under one deadline."""

    def __init__(self, settings: Settings, allow: Allow) -> None:
        self._most = settings.max_fetch_bytes
        self._deadline = _Deadline(time.monotonic() + settings.fetch_seconds)
        self._allow = allow

    def into(self, file: BinaryIO, url: str) -> None:
        target = _target(url)
        for _ in range(_MOST_REDIRECTS + 1):
            with ExitStack() as stack:
                response = self._answer(target, stack)
                if response.status not in _REDIRECTS:
                    self._copy(response, file)
                    return
                target = _redirected(target, response.headers.get("Location"))
        raise _Refused(f"redirects more than {_MOST_REDIRECTS} times")

    def _answer(self, target: SplitResult, stack: ExitStack) -> http.client.HTTPResponse:
        """Return the head of the response; ``stack`` closes what it comes through."""
        assert target.hostname is not None
        port = target.port or _PORTS[target.scheme]
        sock = stack.enter_context(self._connected(target.hostname, port))
        if target.scheme == "https":
            sock = stack.enter_context(self._secured(sock, target.hostname))
        connection = http.client.HTTPConnection(target.hostname, port)
        connection.default_port = _PORTS[target.scheme]  # which the Host header leaves out
        connection.auto_open = 0  # it shall neither ask a name server nor connect by itself
        connection.sock = _Channel(sock, self._deadline)
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        connection.request("GET", path, headers=_HEADERS)
        return stack.enter_context(connection.getresponse())

    def _connected(self, host: str, port: int) -> socket.socket:
        addresses = self._checked(host, port)
        failure: OSError | None = None
        for tried, address in enumerate(addresses):
            # One that does not answer must leave time for the others.
            share = self._deadline.left() / (len(addresses) - tried)
            try:
                return socket.create_connection((str(address), port), timeout=share)
            except OSError as error:
                failure = failure or error
        raise failure or _Refused("its host has no address")

    def _checked(self, host: str, port: int) -> list[Address]:
        """Return the addresses of a host, all of which may be connected to."""
        addresses = list(dict.fromkeys(resolved(host, port, self._deadline.left())))
        for address in addresses:
            if not self._allow(address):
                where = "" if str(address) == host else f" ({address})"
                raise _Refused(f"{host}{where} is not on the public internet; give the file itself")
        return addresses

    def _secured(self, sock: socket.socket, host: str) -> ssl.SSLSocket:
        sock.settimeout(self._deadline.left())
        return ssl.create_default_context().wrap_socket(sock, server_hostname=host)

    def _copy(self, response: http.client.HTTPResponse, file: BinaryIO) -> None:
        _check_head(response)
        if (response.length or 0) > self._most:
            raise self._too_large()
        size = 0
        while block := response.read(_BLOCK):
            size += len(block)
            if size > self._most:
                raise self._too_large()
            file.write(block)
        if response.length:
            raise _Refused(f"the content broke off after {size:,} bytes")
        if not size:
            raise _Refused("has no content")

    def _too_large(self) -> _Refused:
        return _Refused(f"larger than {self._most:,} bytes (SENSORIUM_MAX_FETCH_BYTES)")


def _check_head(response: http.client.HTTPResponse) -> None:
    if response.status != HTTPStatus.OK:
        phrase = http.client.responses.get(response.status, "")
        raise _Refused(f"the server answers {response.status} {phrase}".rstrip())
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise _Refused("the server packs the content although it was asked not to")


def _target(url: str) -> SplitResult:
    """Return the parts of a URL, in ASCII, after checking all that can be without the network."""
    if len(url) > _LONGEST_URL:
        raise _Refused(f"longer than {_LONGEST_URL:,} characters")
    # urlsplit drops some control characters, and so would check another URL than this.
    if any(c <= " " or c == "\x7f" for c in url):
        raise _Refused("no URL: it has a space or a control character in it")
    try:
        target = urlsplit(url)
        host, port = target.hostname or "", target.port
        path, query = (quote(part, safe=_PRINTABLE) for part in (target.path, target.query))
    except ValueError as error:
        raise _Refused(f"no URL: {one_line(error)}") from error
    if target.scheme not in _PORTS:
        raise _Refused("only http and https are fetched")
    if "@" in target.netloc:
        raise _Refused("a URL with a user or a password in it is not fetched")
    host = _ascii_host(host)
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port is None else f"{shown}:{port}"
    return SplitResult(target.scheme, netloc, path, query, "")


def _ascii_host(host: str) -> str:
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise _Refused("no URL: its host is no name") from error
    if not _HOST.fullmatch(name):
        raise _Refused("no URL: its host is no name")
    return name


def _redirected(target: SplitResult, location: str | None) -> SplitResult:
    """Return where a response redirects to, checked like the first URL."""
    if not location:
        raise _Refused("redirects to nowhere")
    # http.client reads headers as Latin-1; most servers mean UTF-8.
    following = quote(location.encode("latin-1"), safe=_PRINTABLE)
    try:
        found = _target(urljoin(target.geturl(), following))
    except (_Refused, ValueError) as error:
        raise _Refused(f"redirects to where nothing is fetched: {one_line(error)}") from error
    if (target.scheme, found.scheme) == ("https", "http"):
        raise _Refused("redirects from https to http")
    return found


class _Channel:
    """The part of a socket that ``http.client`` uses, each step of it within the deadline.

    A socket's own timeout begins anew with every byte. Who opened the socket closes it.
    """

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, content: bytes) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(content)

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(_Received(self._sock, self._deadline))

    def close(self) -> None:
        """Nothing: the response is still to be read when the connection is done with."""


class _Received(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)
