"""Options of a server."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from engine.errors import UsageError
from engine.server.access.tokens import BearerToken

LogFormat = Literal["none", "text", "json"]
LOG_FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Limits of a server, and who is let in."""

    host: str = "127.0.0.1"
    port: int = 8093
    tokens: tuple[BearerToken, ...] = ()
    """Bearer tokens, any of which lets in; none lets everybody of this machine in."""
    hosts: tuple[str, ...] = ()
    """Names by which the server may be called, beside those of the loopback interface."""
    origins: tuple[str, ...] = ()
    """Origins whose pages are answered, beside the server's own."""
    workers: int = 4
    """Requests that are worked on at a time."""
    processes: int = 0
    """Processes that search beside the server's own, begun when searches come at once."""
    waiting: int = 64
    """Requests that may wait for that; more are answered with 429."""
    seconds: float = 30.0
    """Seconds that a request may take, from its arrival to its answer."""
    body_bytes: int = 64 * 2**20
    """Bytes of the body of a request."""
    chunks: int = 65_536
    """Chunks that such a body may come in, where it comes in chunks: of 1 KiB and more."""
    body_seconds: float = 30.0
    """Seconds in which a body must have arrived."""
    read_only: bool = False
    """Refuse all requests that change something."""
    roots: tuple[Path, ...] = ()
    """Real paths of folders that index jobs may read, and runs may move files to, beside those
    that a library was indexed from."""
    header_seconds: float = 10.0
    """Seconds in which the head of a request must have arrived, from its first byte."""
    stalled_seconds: float = 60.0
    """Seconds after which a client that takes nothing of its answer is let go."""
    connections: int = 512
    """Connections that are open at a time; further ones are closed."""
    rate: float | None = None
    """Requests that a token may make in a second; None for any number."""
    allow_tag: bool = False
    """Let assistants tag without a token that may."""
    log_format: LogFormat = "none"
    """Form of the line that is logged for each request."""

    @property
    def loopback(self) -> bool:
        """True where nobody but this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def check(self) -> None:
        """Check that nobody is let in by mistake.

        Raises:
            UsageError: the server could be reached from other machines, and asks for no token.
        """
        if self.tokens or (self.loopback and not self.hosts):
            return
        # A further name is that of a proxy, behind which everybody may be.
        name = "hosts" if self.loopback else "host"
        reached = f"{name}={getattr(self, name)!r}"
        raise UsageError(
            f"{reached} lets other machines reach the server, so it needs"
            " token_file=FILE with a token, such as `openssl rand -hex 32` prints",
            arguments=(name, "token_file"),
        )
