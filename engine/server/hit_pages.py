"""Pages of hits: the documents that routes answer with, and cursors from one to the next."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import Request

from engine.server.problems import Problem
from engine.server.schemas import SearchRequest
from engine.server.stages import note_stages
from engine.types import Hit, SearchResult

MOST_PAGES = 10_000
"""Hits past which there is no further page."""


def page_of(found: Sequence[tuple[str, SearchResult]], top: int, likely: bool) -> dict[str, Any]:
    """Return the one page of hits of all libraries, the likeliest first."""
    page = document_of(found, top, 0, likely, merged=True)
    del page["more"]
    return page


def document_of(
    found: Sequence[tuple[str, SearchResult]], top: int, skip: int, likely: bool, *, merged: bool
) -> dict[str, Any]:
    """Return a page of the hits of all libraries."""
    for _, result in found:
        note_stages(result.took_ms)
    hits = [(name, hit) for name, result in found for hit in result]
    if merged and len(found) > 1:
        # Probabilities compare between libraries, which scores do not.
        hits.sort(key=lambda each: -each[1].confidence)
    shown = [
        _hit(name, replace(hit, rank=skip + at + 1), several=len(found) > 1)
        for at, (name, hit) in enumerate(hits[skip : skip + top])
        if hit.likely or not likely
    ]
    return {
        "hits": shown,
        "more": len(hits) >= skip + top,
        "notes": [note for _, result in found for note in result.notes],
        "took_ms": {name: dict(result.took_ms) for name, result in found},
    }


def _hit(name: str, hit: Hit, *, several: bool) -> dict[str, Any]:
    of = f"?library={name}" if several else ""
    return hit.to_dict() | {
        "library": name,
        "thumbnail": f"/api/thumbnails/{hit.moment_id}{of}",
        "media": f"/api/media/{hit.asset_id}{of}",
    }


def cursor_at(request: Request, body: SearchRequest, skip: int) -> str:
    """Return where the next page begins, with a signature of the query that it is a page of."""
    asked = body.model_dump_json(exclude={"cursor", "top"})
    key: bytes = request.app.state.cursor_key
    sign = hmac.new(key, f"{skip} {asked}".encode(), hashlib.sha256).hexdigest()[:24]
    return f"{skip}-{sign}"


def skipped(request: Request, body: SearchRequest) -> int:
    """Return the hits that come before a page.

    Raises:
        Problem: 400; the cursor is of another query, or of another run of the server.
    """
    if body.cursor is None:
        return 0
    number = body.cursor.partition("-")[0]
    if number.isascii() and number.isdigit() and len(number) < 7:
        skip = int(number)
        if hmac.compare_digest(cursor_at(request, body, skip).encode(), body.cursor.encode()):
            return skip
    raise Problem(400, "bad_cursor", "the cursor is of another query; ask without it", "cursor")
