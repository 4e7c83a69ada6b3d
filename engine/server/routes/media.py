"""Routes that hand out files and pictures of moments."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from fastapi import Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from engine.library.facade import Library
from engine.server.access.media_access import asset_of, checked_file, media_type_of, opened_file
from engine.server.routes.context import Name, Number, admission_of, drawing_of, no_moment, shelf_of
from engine.server.routes.kept_answers import OF_A_FILE, kept_headers, pictures, tag_of, unchanged
from engine.server.routes.routers import ReadRouter

router = ReadRouter("media", "/api")
_BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}


class Side(IntEnum):
    """Pixels of the longest side of a picture."""

    SMALL = 160
    MIDDLE = 320
    LARGE = 640


@router.head("/thumbnails/{moment}", response_class=Response, responses=pictures("No body."))
@router.get("/thumbnails/{moment}", response_class=Response, responses=pictures("A JPEG."))
async def thumbnail(
    request: Request,
    moment: Number,
    library: Name = None,
    size: Annotated[Side, Query(description="Pixels of the longest side, at most.")] = Side.MIDDLE,
) -> Response:
    """Return a JPEG of a moment: a picture, the frame of a video, the waveform of a sound."""
    chosen = shelf_of(request).library(library)

    def made() -> Response:
        try:
            record = chosen.moment(moment)
        except KeyError:
            raise no_moment(moment) from None
        asset = asset_of(chosen, record.asset_id)
        tag = tag_of("thumbnail", asset.content_hash, record.moment, int(size))
        if (kept := unchanged(request, tag)) is not None:
            return kept
        picture = _picture(chosen, moment, size)
        return Response(picture, media_type="image/jpeg", headers=kept_headers(tag))

    # A page of hits asks for dozens at once, behind which its next search must not wait.
    return await drawing_of(request).run(made)


@router.head(
    "/media/{asset}",
    response_class=Response,
    responses={200: {"description": "No body."}, **OF_A_FILE},
)
@router.get(
    "/media/{asset}",
    response_class=Response,
    responses={
        200: {"description": "The whole file.", "content": _BYTES},
        206: {"description": "The parts that a Range asks for.", "content": _BYTES},
        416: {"description": "The file has no such Range."},
        **OF_A_FILE,
    },
)
async def media(request: Request, asset: Number, library: Name = None) -> Response:
    """Return the file of an asset as it is; a Range asks for a part of it."""
    chosen = shelf_of(request).library(library)
    found = await admission_of(request).run(lambda: asset_of(chosen, asset))
    tag = tag_of("media", found.content_hash)
    if (kept := unchanged(request, tag)) is not None:
        return kept
    headers = {**kept_headers(tag), "Cache-Control": "private, no-cache"}
    return await run_in_threadpool(opened_file, found, headers, media_type_of(found))


def _picture(library: Library, moment: int, size: Side) -> bytes:
    try:
        return library.thumbnail(moment, side=int(size), check=checked_file)
    except KeyError:
        raise no_moment(moment) from None
