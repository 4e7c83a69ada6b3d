"""Routes that tell what a server has: its libraries, their spaces, and counts to narrow down by."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import JSONResponse

from engine.server.routes.answers import FacetsAnswer, LibraryList, SpaceList
from engine.server.routes.context import Names, admission_of, json_answer, shelf_of
from engine.server.routes.routers import ReadRouter
from engine.server.routes.schemas import Text
from engine.types import Kind

router = ReadRouter("library", "/api")


@router.get("/libraries", response_model=LibraryList)
async def libraries(request: Request) -> JSONResponse:
    """List the libraries of this server with their counts."""

    def describe() -> list[dict[str, Any]]:
        found = []
        for name, library in shelf_of(request):
            stats = library.stats()
            found.append({
                "name": name, "encoder": library.encoder, "generation": library.generation,
                "assets": dict(stats.assets), "moments": dict(stats.moments),
            })  # fmt: skip
        return found

    return json_answer({"libraries": await admission_of(request).run(describe)})


_WAYS_OUT = {
    "empty": "nothing is in it yet: POST /api/index fills it",
    "filling": "it is half filled: POST /api/index goes on with it",
}


@router.get("/spaces", response_model=SpaceList)
async def spaces(request: Request, library: Names = []) -> JSONResponse:  # noqa: B006
    """List the embedding spaces of libraries."""
    chosen = shelf_of(request).libraries(library)

    def describe() -> list[dict[str, Any]]:
        return [
            {
                "library": name, "name": each.space.name, "encoder": each.space.encoder,
                "dim": each.space.dim, "state": each.state, "way_out": _WAYS_OUT.get(each.state),
            }
            for name, library in chosen
            for each in library.describe().spaces
        ]  # fmt: skip

    return json_answer({"spaces": await admission_of(request).run(describe)})


@router.get("/facets", response_model=FacetsAnswer)
async def facets(
    request: Request,
    library: Names = [],  # noqa: B006
    kind: Annotated[list[Kind], Query(max_length=3)] = [],  # noqa: B006
    where: Annotated[list[Text], Query(max_length=32)] = [],  # noqa: B006
    degrees: Annotated[float, Query(ge=0.001, le=90, description="The side of boxes.")] = 1.0,
) -> JSONResponse:
    """Count the files that pass filters by kind, date, folder, tag and place."""
    chosen = shelf_of(request).libraries(library)

    def run() -> dict[str, Any]:
        first, *others = (
            each.browse.facets(kinds=kind, where=where, degrees=degrees) for _, each in chosen
        )
        for other in others:
            first = first.plus(other)
        return asdict(first)

    return json_answer(await admission_of(request).run(run))
