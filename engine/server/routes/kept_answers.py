"""Answers that a browser keeps, and asks after by their tag (RFC 9110, 8.8.3)."""

from __future__ import annotations

import hashlib
from typing import Any

from fastapi import Request
from starlette.responses import Response

from engine.server.routes.documented import fault

_KEPT = "private, max-age=3600"
GONE: dict[int | str, dict[str, Any]] = {
    409: fault("The file has changed since it was indexed."),
    410: fault("The file is not there any more."),
}
"""Answers of routes that need a file of the library."""
OF_A_FILE: dict[int | str, dict[str, Any]] = {
    304: {"description": "What the caller keeps is as it was (If-None-Match)."},
    **GONE,
}
"""Answers of routes that read a file, which callers keep."""


def pictures(description: str) -> dict[int | str, dict[str, Any]]:
    """Return the answers of a route that sends a JPEG."""
    content = {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": description, "content": content}, **OF_A_FILE}


def tag_of(*facts: object) -> str:
    """Return the tag of what is made of these facts alone."""
    return f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'


def kept_headers(tag: str) -> dict[str, str]:
    """Return the headers of an answer that is kept under a tag."""
    return {"ETag": tag, "Cache-Control": _KEPT}


def unchanged(request: Request, tag: str) -> Response | None:
    """Return 304 where the caller keeps what has this tag; None where it is to be sent."""
    for line in request.headers.getlist("if-none-match"):
        for known in line.split(","):
            if known.strip() == "*" or known.strip().removeprefix("W/") == tag:
                return Response(status_code=304, headers=kept_headers(tag))
    return None
