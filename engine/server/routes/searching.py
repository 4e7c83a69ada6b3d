"""Routes that search by the query language, and that help with typing it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import JSONResponse

from engine.library.facade import Library
from engine.server.routes.answers import HitPage, ParsedAnswer, SuggestionList
from engine.server.routes.context import Names, admission_of, json_answer, pages_of, shelf_of
from engine.server.routes.hit_pages import Ask
from engine.server.routes.queries import options_of, refuse_paths
from engine.server.routes.routers import ReadRouter
from engine.server.routes.schemas import MOST_HITS, SearchRequest, Text
from engine.types import Group, Kind, Sort

router = ReadRouter("search", "/api")
_QueryText = Annotated[Text, Query(description="A query, or what is typed of it so far.")]


@router.post("/search", response_model=HitPage)
async def search(request: Request, body: SearchRequest) -> JSONResponse:
    """Find moments by a query; several libraries answer as one, in one order."""
    chosen = shelf_of(request).libraries(body.libraries)
    asked = Library.query(body.text, local=False, space=body.space, **options_of(body))
    refuse_paths(asked)
    return json_answer(await pages_of(request).answer(request, Ask(chosen, asked), body))


@router.get("/search", response_model=HitPage)
async def search_by_link(
    request: Request,
    text: _QueryText = "",
    library: Names = [],  # noqa: B006
    top: Annotated[int, Query(ge=1, le=MOST_HITS)] = 20,
    kind: Annotated[list[Kind], Query(max_length=3)] = [],  # noqa: B006
    where: Annotated[list[Text], Query(max_length=32)] = [],  # noqa: B006
    likely: bool = False,
    sort: Sort | None = None,
    group: Group = Group.SHOT,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    explain: bool = False,
) -> JSONResponse:
    """Find moments by a query, as `POST /api/search` does, from an address that can be shared."""
    body = SearchRequest(
        text=text, libraries=library, top=top, kinds=kind, where=where, likely=likely, sort=sort,
        group=group, cursor=cursor, explain=explain,
    )  # fmt: skip
    return await search(request, body)


@router.get("/parse", response_model=ParsedAnswer)
async def parse(request: Request, text: _QueryText) -> JSONResponse:
    """Read a query, and say what each piece of it is and every mistake, with their places."""
    found = await admission_of(request).run(lambda: Library.parse(text))
    return json_answer(asdict(found))


@router.get("/complete", response_model=SuggestionList)
async def complete(
    request: Request,
    text: _QueryText,
    at: Annotated[int | None, Query(ge=0, le=4000, description="Characters before it.")] = None,
    library: Names = [],  # noqa: B006
    most: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JSONResponse:
    """Complete a query at the cursor: filters, their values in these libraries, taught names."""
    chosen = shelf_of(request).libraries(library)

    def run() -> list[dict[str, object]]:
        found = [each for _, library in chosen for each in library.browse.complete(text, at)]
        once = {each.text: each for each in reversed(found)}
        return [asdict(each) for each in found if once[each.text] is each][:most]

    return json_answer({"suggestions": await admission_of(request).run(run)})
