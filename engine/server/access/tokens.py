"""Tokens: who calls, what they may do, and how often."""

from __future__ import annotations

import hashlib
import hmac
import math
import os
import stat
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from engine.common.file_state import os_reason
from engine.errors import UsageError

_LEAST_TOKEN = 16
"""Characters of the shortest token: 64 bits of a hexadecimal one."""
BURST_SECONDS = 10.0
"""Seconds whose requests may come at once: a page of results asks for fifty pictures."""
COOKIE = "sensorium-token"
"""The cookie in which a browser keeps the token that was typed on the page."""

Scope = Literal["read", "tag", "index", "admin"]
"""A permission of a token; engine/server/access/scopes.py says what each allows."""
SCOPES: tuple[Scope, ...] = get_args(Scope)
EVERYTHING: frozenset[str] = frozenset(SCOPES)


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller who was let in."""

    name: str | None
    """The token's name; None without a token."""
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A bearer token, of which only the hash is kept."""

    digest: bytes
    scopes: frozenset[str]

    @classmethod
    def make(cls, secret: str, *scopes: str) -> BearerToken:
        """Return the token of a secret; every token may read, and one of ``admin`` do anything.

        Raises:
            ValueError: there is no such scope.
        """
        if not EVERYTHING.issuperset(scopes):
            raise ValueError(scopes)
        given = frozenset(("read", *scopes))
        return cls(_digest(secret), EVERYTHING if "admin" in given else given)

    @property
    def name(self) -> str:
        """The begin of its hash, by which logs name it: eight hexadecimal digits."""
        return self.digest.hex()[:8]


def caller_of(secret: str, tokens: Iterable[BearerToken]) -> Caller | None:
    """Return who calls with a secret; None where no token has it."""
    given, found = _digest(secret), None
    # All are compared, so that the time does not tell which one was near.
    for token in tokens:
        if hmac.compare_digest(given, token.digest):
            found = Caller(token.name, token.scopes)
    return found


class RateLimit:
    """BearerToken buckets: each key may take so many a second, and those of ten seconds at once."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._most = max(1.0, rate * BURST_SECONDS)
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def wait(self, key: Hashable) -> int:
        """Take one of a key's bucket; where it is empty, return the seconds until it is not."""
        now = self._clock()
        left, at = self._buckets.get(key, (self._most, now))
        left = min(self._most, left + (now - at) * self._rate)
        enough = left >= 1.0
        self._buckets[key] = (left - enough, now)
        return 0 if enough else math.ceil((1.0 - left) / self._rate)


def read_tokens(file: Path) -> tuple[BearerToken, ...]:
    """Read bearer tokens, one a line with its scopes; lines that begin with # are comments.

    Raises:
        UsageError: the file cannot be read, is open to others, a token is too short, or a
            scope unknown. No message repeats a token.
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
    lines = [(at, line.split()) for at, line in enumerate(text.splitlines(), 1)]
    tokens = tuple(
        _token(file, at, words) for at, words in lines if words and not words[0].startswith("#")
    )
    if not tokens:
        raise UsageError(f"the file of tokens {file} has none; `openssl rand -hex 32` prints one")
    if len({token.digest for token in tokens}) < len(tokens):
        raise UsageError(f"the file of tokens {file} has a token twice; which scopes are meant?")
    return tokens


def _token(file: Path, line: int, words: list[str]) -> BearerToken:
    secret, *scopes = words
    if len(secret) < _LEAST_TOKEN or not secret.isascii():
        raise UsageError(
            f"the file of tokens {file}, line {line}: a token has {_LEAST_TOKEN} characters or"
            " more, all of ASCII"
        )
    try:
        return BearerToken.make(secret, *scopes)
    except ValueError:
        raise UsageError(
            f"the file of tokens {file}, line {line}: the scopes after a token are"
            f" {', '.join(SCOPES)}; one without any may read"
        ) from None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
