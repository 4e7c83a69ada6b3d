"""Routes that search by the query language."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from engine.library import Library
from engine.server.context import admission_of, json_answer, shelf_of
from engine.server.hit_pages import MOST_PAGES, cursor_at, document_of, skipped
from engine.server.queries import refuse_paths
from engine.server.schemas import MOST_HITS, SearchRequest
from engine.types import SearchResult

router = APIRouter(prefix="/api", tags=["search"])


@router.post("/search")
async def search(request: Request, body: SearchRequest) -> JSONResponse:
    """Find moments by a query; several libraries answer as one, the likeliest hits first."""
    chosen = shelf_of(request).libraries(body.libraries)
    skip = skipped(request, body)
    options: dict[str, Any] = {"kinds": body.kinds, "where": body.where, "top": skip + body.top}
    options |= {k: v for k, v in (("sort", body.sort), ("space", body.space)) if v is not None}
    asked = Library.query(body.text, **options)
    refuse_paths(asked)

    def run() -> tuple[list[tuple[str, SearchResult]], str | None]:
        found = [(name, library.run(asked)) for name, library in chosen]
        first = chosen[0][1]
        return found, first.explain(found[0][1]) if body.explain else None

    found, plan = await admission_of(request).run(run)
    page = document_of(found, body.top, skip, body.likely, merged=asked.sort is None)
    if page.pop("more") and skip + body.top < MOST_PAGES:
        page["next"] = cursor_at(request, body, skip + body.top)
    return json_answer(page | ({"plan": plan} if plan is not None else {}))


@router.get("/search")
async def search_by_link(
    request: Request,
    text: Annotated[str, Query(max_length=4000)],
    top: Annotated[int, Query(ge=1, le=MOST_HITS)] = 20,
    likely: bool = False,
    library: Annotated[list[str], Query()] = [],  # noqa: B006
) -> JSONResponse:
    """Find moments by a query, as `POST /api/search` does, from an address."""
    body = SearchRequest(text=text, top=top, likely=likely, libraries=library)
    return await search(request, body)
