"""Routes of searches that were saved under a name, so that every device finds them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from engine.query.saved_searches import SavedSearch
from engine.server.access.scopes import needs
from engine.server.problems import Problem
from engine.server.routes.context import Name, Names, admission_of, json_answer, shelf_of
from engine.server.routes.documented import fault
from engine.server.routes.job_schemas import LibraryName
from engine.server.routes.routers import ReadRouter

router = ReadRouter("searches", "/api")
_NO_LIBRARY: dict[int | str, dict[str, Any]] = {404: fault("There is no library of that name.")}


class SaveRequest(BaseModel):
    """A search, and the name that it is to have."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "Dogs", "address": "q=a+dog&kind=image"}]},
    )

    library: LibraryName = None
    name: str = Field(min_length=1, max_length=200)
    address: str = Field(
        min_length=1, max_length=4000, description="What follows the `?` of the page's address."
    )


class SavedSearchDocument(BaseModel):
    """A search that was saved."""

    library: str
    name: str
    address: str


class SavedSearchList(BaseModel):
    """The saved searches of libraries, by name."""

    searches: list[SavedSearchDocument]


@router.get("/searches", response_model=SavedSearchList, responses=_NO_LIBRARY)
async def searches(request: Request, library: Names = []) -> JSONResponse:  # noqa: B006
    """List the searches that were saved in libraries."""
    chosen = shelf_of(request).libraries(library)
    listed = await admission_of(request).run(
        lambda: [_document(name, each) for name, of in chosen for each in of.saved_searches]
    )
    return json_answer({"searches": listed})


@router.post(
    "/searches", dependencies=[needs("tag")], response_model=SavedSearchDocument,
    responses=_NO_LIBRARY,
)  # fmt: skip
async def save(request: Request, body: SaveRequest) -> JSONResponse:
    """Save a search under a name; one of that name is replaced."""
    name, library = shelf_of(request).entry(body.library)
    saved = await admission_of(request).run(
        lambda: library.saved_searches.save(body.name, body.address)
    )
    return json_answer(_document(name, saved))


@router.delete(
    "/searches/{search}", dependencies=[needs("tag")], response_model=SavedSearchDocument,
    responses={404: fault("There is no library of that name, or no such search in it.")},
)  # fmt: skip
async def remove(
    request: Request, search: Annotated[str, Path(max_length=200)], library: Name = None
) -> JSONResponse:
    """Remove a saved search; what is answered can be saved again."""
    name, chosen = shelf_of(request).entry(library)

    def run() -> SavedSearch:
        if search.casefold() not in {each.name.casefold() for each in chosen.saved_searches}:
            message = f"no search is saved as {search!r}"
            raise Problem(404, "search_not_found", message, "search")
        return chosen.saved_searches.remove(search)

    return json_answer(_document(name, await admission_of(request).run(run)))


def _document(library: str, saved: SavedSearch) -> dict[str, Any]:
    return {"library": library, "name": saved.name, "address": saved.address}
