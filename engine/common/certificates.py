"""The authorities that sign servers' certificates, read once in a process."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext

_NAMED_BY = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables of the environment that name other authorities than those of certifi."""


def trusted_authorities() -> SSLContext:
    """Return what an httpx client verifies servers by; many clients and threads may share it.

    A client that is made without it reads some 140 certificates, for 25 ms, even where it will ask
    by plain HTTP.

    Raises:
        ImportError: httpx is not installed.
    """
    return _read(tuple(map(os.environ.get, _NAMED_BY)))


@cache
def _read(_named: tuple[str | None, ...]) -> SSLContext:
    """Read them, anew where the environment names others."""
    import httpx

    return httpx.create_ssl_context()
