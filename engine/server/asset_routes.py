"""Routes that list files and moments, and tell what is known of one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from engine.server.context import Name, Number, admission_of, json_answer, no_moment, shelf_of
from engine.server.media_access import asset_of

router = APIRouter(prefix="/api", tags=["files and moments"])


@router.get("/assets/{asset}")
async def asset_facts(request: Request, asset: Number, library: Name = None) -> JSONResponse:
    """Return what is known of a file."""
    chosen = shelf_of(request).library(library)
    found = await admission_of(request).run(lambda: asset_of(chosen, asset))
    return json_answer(asdict(found))


@router.get("/moments/{moment}")
async def moment_facts(request: Request, moment: Number, library: Name = None) -> JSONResponse:
    """Return a moment: its file, its times, and the words that were said or read in it."""
    chosen = shelf_of(request).library(library)

    def run() -> dict[str, Any]:
        try:
            return asdict(chosen.moment(moment))
        except KeyError:
            raise no_moment(moment) from None

    return json_answer(await admission_of(request).run(run))
