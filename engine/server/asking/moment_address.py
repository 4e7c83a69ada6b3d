"""Addresses of cited moments on the page of the server."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlencode

from fastapi import Request

from engine.server.asking.joined_answer import LibraryCitation
from engine.server.routes.context import media_at


def moment_path(citation: LibraryCitation) -> str:
    """Return the path at which the page opens a moment; of a file without any, the file's own."""
    passage = citation.passage
    if not passage.moment_id:
        return media_at(citation.library, passage.asset_id)
    opened = f"{passage.moment_id}@{citation.library}"
    return f"/?{urlencode({'open': opened}, quote_via=quote)}"


def moment_address(request: Request) -> Callable[[LibraryCitation], str]:
    """Return what makes the whole address of a moment, by the name that the caller knows."""
    scheme = "https" if request.headers.get("x-forwarded-proto") == "https" else request.url.scheme
    base = f"{scheme}://{request.url.netloc}"
    return lambda citation: base + moment_path(citation)
