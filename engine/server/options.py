"""Options of a server, and its tokens."""

from __future__ import annotations

import ipaddress
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from engine.common.file_state import os_reason
from engine.errors import UsageError

_LEAST_TOKEN = 16
"""Characters of the shortest token: 64 bits of a hexadecimal one."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Limits of a server, and who is let in."""

    host: str = "127.0.0.1"
    port: int = 8093
    tokens: tuple[str, ...] = ()
    """Bearer tokens, any of which lets in; none lets everybody of this machine in."""
    hosts: tuple[str, ...] = ()
    """Names by which the server may be called, beside those of the loopback interface."""
    workers: int = 4
    """Requests that are worked on at a time."""
    waiting: int = 64
    """Requests that may wait for that; more are answered with 429."""
    seconds: float = 30.0
    """Seconds that a request may take, from its arrival to its answer."""
    body_bytes: int = 64 * 2**20
    """Bytes of the body of a request."""
    body_seconds: float = 30.0
    """Seconds in which a body must have arrived."""
    read_only: bool = False
    """Refuse all requests that change something."""
    roots: tuple[Path, ...] = ()
    """Real paths of folders that index jobs may read, and runs may move files to, beside those
    that a library was indexed from."""

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
        if not self.loopback and not self.tokens:
            raise UsageError(
                f"host={self.host!r} can be reached from other machines, so it needs"
                " token_file=FILE with a token, such as `openssl rand -hex 32` prints",
                arguments=("host", "token_file"),
            )


def read_tokens(file: Path) -> tuple[str, ...]:
    """Read bearer tokens, one a line; lines that begin with # are comments.

    Raises:
        UsageError: the file cannot be read, is open to others, or a token is too short.
    """
    try:
        text, mode = file.read_text("utf-8"), file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        reason = os_reason(error) if isinstance(error, OSError) else "it is no UTF-8"
        raise UsageError(f"the file of tokens {file} cannot be read: {reason}") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            f"the file of tokens {file} can be read by others; `chmod 600 {file}` keeps it to you"
        )
    lines = (line.strip() for line in text.splitlines())
    tokens = tuple(line for line in lines if line and not line.startswith("#"))
    if not tokens:
        raise UsageError(f"the file of tokens {file} has none; `openssl rand -hex 32` prints one")
    if short := [token for token in tokens if len(token) < _LEAST_TOKEN or " " in token]:
        raise UsageError(
            f"the file of tokens {file}: a token has {_LEAST_TOKEN} characters or more and no"
            f" spaces, and {len(short)} of {len(tokens)} are not so"
        )
    return tokens
