"""Routes that hand out files and pictures of moments."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from engine.server.context import Name, Number, admission_of, no_moment, shelf_of
from engine.server.media_access import asset_of, checked_file, media_type_of, picture_of

router = APIRouter(prefix="/api", tags=["media"])


@router.get("/thumbnails/{moment}")
async def thumbnail(request: Request, moment: Number, library: Name = None) -> Response:
    """Return a JPEG of a moment, 320 pixels at most."""
    chosen = shelf_of(request).library(library)

    def run() -> bytes:
        try:
            return picture_of(chosen, moment)
        except KeyError:
            raise no_moment(moment) from None

    picture = await admission_of(request).run(run)
    kept = {"Cache-Control": "private, max-age=3600"}
    return Response(picture, media_type="image/jpeg", headers=kept)


@router.get("/media/{asset}")
async def media(request: Request, asset: Number, library: Name = None) -> FileResponse:
    """Return the file of an asset as it is; a Range asks for a part of it."""
    chosen = shelf_of(request).library(library)
    found = await admission_of(request).run(lambda: asset_of(chosen, asset))
    path = await run_in_threadpool(checked_file, found)
    return FileResponse(
        path, media_type=media_type_of(found), content_disposition_type="inline",
        filename=path.name.encode(errors="replace").decode(),
    )  # fmt: skip
