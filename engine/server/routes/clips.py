"""Routes that cut: a part of a video or a sound, and one frame, each as a file to be saved."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query, Request
from starlette.responses import FileResponse, Response

from engine.common.progress import CancelToken
from engine.media.clip_types import CLIP_TYPES
from engine.server.access.media_access import asset_of, checked_file, made_file, no_asset
from engine.server.load.admission import Admission
from engine.server.problems import Problem
from engine.server.routes.context import Name, Number, shelf_of
from engine.server.routes.documented import fault
from engine.server.routes.kept_answers import GONE
from engine.server.routes.routers import ReadRouter
from engine.types import Asset, Kind

router = ReadRouter("media", "/api/assets/{asset}")
WAITING = 4
"""Cuts that wait while one is made: it may encode, and no search is to wait for that."""
SECONDS = 30.0
"""Seconds that one may take, with its wait."""
_LONGEST = 1e7
"""Seconds: more than any file lasts."""
_Seconds = Annotated[
    float, Query(ge=0, le=_LONGEST, allow_inf_nan=False, description="Seconds from the start.")
]
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_CLIP: dict[int | str, dict[str, Any]] = {
    200: {"description": "The part.", "content": dict.fromkeys(CLIP_TYPES.values(), _BYTES)},
    206: {"description": "The part of it that a Range asks for."},
    416: fault("It has no such Range."),
    **GONE,
}
_FRAME: dict[int | str, dict[str, Any]] = {
    200: {"description": "The frame.", "content": {"image/jpeg": _BYTES}},
    **GONE,
}


@router.get("/clip", response_class=FileResponse, responses=_CLIP)
async def clip(
    request: Request, asset: Number, start: _Seconds, end: _Seconds, library: Name = None
) -> Response:
    """Return a part of a video or a sound as a file of its own, of ten minutes at most.

    It is copied as it is where the part begins at a keyframe, and encoded where it must be.
    """
    chosen, cancel = shelf_of(request).library(library), CancelToken()

    def run() -> Response:
        duration = _timed(asset_of(chosen, asset), (Kind.VIDEO, Kind.AUDIO), "part")
        if not start < min(end, duration):
            raise _outside(duration, "start")
        with tempfile.TemporaryDirectory(prefix="sensorium-clip-") as folder:
            try:
                made = chosen.browse.clip(
                    asset, start, end, folder, check=checked_file, cancel=cancel
                )
            except KeyError:  # removed since it was looked up
                raise no_asset(asset) from None
            return made_file(made, {"Cache-Control": "no-store"}, CLIP_TYPES[made.suffix])

    return await _cutting(request).run(run, cancel)


@router.get("/frame", response_class=Response, responses=_FRAME)
async def frame(request: Request, asset: Number, at: _Seconds, library: Name = None) -> Response:
    """Return what a video shows at a time, as a JPEG in its full size."""
    chosen = shelf_of(request).library(library)

    def run() -> Response:
        known = asset_of(chosen, asset)
        duration = _timed(known, (Kind.VIDEO,), "frame")
        if at > duration:
            raise _outside(duration, "at")
        try:
            picture = chosen.browse.frame(asset, at, check=checked_file)
        except KeyError:  # removed since it was looked up
            raise no_asset(asset) from None
        name = quote(f"{Path(known.path).stem[:60]} {at:.1f}s.jpg", safe="", errors="replace")
        headers = {"Content-Disposition": f"attachment; filename*=utf-8''{name}"}
        return Response(picture, media_type="image/jpeg", headers=headers)

    return await _cutting(request).run(run)


def _cutting(request: Request) -> Admission:
    cutting: Admission = request.app.state.cutting
    return cutting


def _timed(asset: Asset, kinds: tuple[Kind, ...], what: str) -> float:
    """Return the seconds that a file lasts; raise ``Problem`` where it has no such thing."""
    if asset.media.kind not in kinds or asset.duration is None:
        raise Problem(422, "unsupported_media", f"{asset.media.kind} files have no {what}", "asset")
    return asset.duration


def _outside(duration: float, param: str) -> Problem:
    message = f"the file lasts {duration:g} s, and a part of it ends after it begins"
    return Problem(400, "invalid_request", message, param)
