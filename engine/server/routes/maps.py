"""The route of a map: the files of a library as points on a plane."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from engine.curate.embedding_map import MapOf
from engine.server.routes.context import Name, admission_of, json_answer, shelf_of
from engine.server.routes.documented import fault
from engine.server.routes.routers import ReadRouter
from engine.server.routes.schemas import Text
from engine.types import Kind

router = ReadRouter("library", "/api")


class PointDocument(BaseModel):
    """A file on a map."""

    asset_id: int
    moment_id: int = Field(description="The moment that stands for it.")
    path: str
    kind: Kind
    x: float = Field(description="From -1 to 1.")
    y: float = Field(description="From -1 to 1, upwards.")


class MapDocument(BaseModel):
    """Files as points on a plane, those that are alike near each other."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "library": "photos", "total": 310,
                    "points": [
                        {
                            "asset_id": 7, "moment_id": 9, "path": "/home/ann/photos/7.jpg",
                            "kind": "image", "x": 0.31, "y": -0.84,
                        }
                    ],
                }
            ]
        }
    )  # fmt: skip

    library: str
    total: int = Field(description="Files that there are; more than points of a sample.")
    points: list[PointDocument]


@router.get(
    "/map", response_model=MapDocument, responses={404: fault("There is no library of that name.")}
)
async def embedding_map(
    request: Request,
    library: Name = None,
    of: Annotated[MapOf, Query(description="By what files are near each other.")] = "looks",
    where: Annotated[
        list[Text], Query(max_length=32, description="Filters, all of which hold.")
    ] = [],  # noqa: B006
    most: Annotated[int, Query(ge=1, le=5_000, description="Points; of more, a sample.")] = 3000,
) -> JSONResponse:
    """Return the files of a library as points on a plane, those that are alike near each other."""
    name, chosen = shelf_of(request).entry(library)

    def run() -> dict[str, Any]:
        made = chosen.embedding_map(of, where=where, most=most)
        return {
            "library": name, "total": made.total,
            "points": [asdict(point) for point in made.points],
        }  # fmt: skip

    return json_answer(await admission_of(request).run(run))
