"""Routes that tell what a server has: its libraries and their spaces."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from engine.server.context import Name, admission_of, json_answer, shelf_of

router = APIRouter(prefix="/api", tags=["library"])


@router.get("/libraries")
async def libraries(request: Request) -> JSONResponse:
    """List the libraries of this server with their counts."""

    def describe() -> list[dict[str, Any]]:
        return [
            {
                "name": name, "encoder": library.encoder,
                "assets": dict(library.stats().assets), "moments": dict(library.stats().moments),
            }
            for name, library in shelf_of(request)
        ]  # fmt: skip

    return json_answer({"libraries": await admission_of(request).run(describe)})


@router.get("/spaces")
async def spaces(request: Request, library: Name = None) -> JSONResponse:
    """List the embedding spaces of a library."""
    chosen = shelf_of(request).library(library)
    found = await admission_of(request).run(lambda: chosen.describe().spaces)
    listed = [{"name": s.space.name, "dim": s.space.dim, "state": s.state} for s in found]
    return json_answer({"spaces": listed})
