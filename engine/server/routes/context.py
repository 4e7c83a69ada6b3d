"""Parts that all native routes share: the libraries, the admission, and answers in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import Path, Query, Request
from pydantic import Field
from starlette.responses import JSONResponse

from engine.common.json_text import parseable
from engine.server.load.admission import Admission
from engine.server.problems import Problem
from engine.server.shelf import Shelf

if TYPE_CHECKING:
    from engine.server.routes.hit_pages import HitPages
    from engine.store.records import AssetFacts

GREATEST = 2**53
"""The greatest number that every parser of JSON reads as it is."""
Number = Annotated[int, Path(ge=0, le=GREATEST, description="The number that hits have.")]
Name = Annotated[
    str | None,
    Query(max_length=255, description="The name of a library; the first by default."),
]


Names = Annotated[
    list[Annotated[str, Field(max_length=255)]],
    Query(max_length=32, description="Names of libraries; none for all."),
]


def shelf_of(request: Request) -> Shelf:
    """Return the libraries of the server that a request is for."""
    shelf: Shelf = request.app.state.shelf
    return shelf


def admission_of(request: Request) -> Admission:
    """Return what runs the blocking calls of a request."""
    admission: Admission = request.app.state.admission
    return admission


def drawing_of(request: Request) -> Admission:
    """Return what makes small pictures for a request, beside the calls that search."""
    drawing: Admission = request.app.state.drawing
    return drawing


def json_answer(document: object) -> JSONResponse:
    """Return a document as JSON, with names that are no UTF-8 as any parser can read them."""
    try:
        return JSONResponse(document)
    except (TypeError, UnicodeEncodeError):  # looking at every string costs more than writing it
        return JSONResponse(parseable(document))


def pages_of(request: Request) -> HitPages:
    """Return what answers the searches of a request page by page."""
    pages: HitPages = request.app.state.pages
    return pages


def file_facts(facts: AssetFacts | None) -> dict[str, Any]:
    """Return what a page needs of a file to lay it out before it is there."""
    names = ("width", "height", "duration", "date", "size")
    return {name: getattr(facts, name) if facts else None for name in names}


def thumbnail_at(library: str, moment: int) -> str:
    """Return where a picture of a moment is."""
    return f"/api/thumbnails/{moment}?library={quote(library, safe='')}"


def media_at(library: str, asset: int) -> str:
    """Return where a file is."""
    return f"/api/media/{asset}?library={quote(library, safe='')}"


def no_moment(moment: int) -> Problem:
    """Return the answer to a number that no moment has."""
    return Problem(404, "moment_not_found", f"there is no moment {moment}", "moment")
