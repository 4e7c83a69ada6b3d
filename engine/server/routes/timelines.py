"""Routes for the time line of a file: keyframes, a strip of frames, waveform and transcript."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import JSONResponse, Response

from engine.server.access.media_access import asset_of, checked_file, no_asset
from engine.server.problems import Problem
from engine.server.routes.answers import KeyframeList, TranscriptAnswer, WaveformAnswer
from engine.server.routes.context import (
    Name,
    Number,
    admission_of,
    json_answer,
    shelf_of,
    thumbnail_at,
)
from engine.server.routes.kept_answers import OF_A_FILE, kept_headers, pictures, tag_of, unchanged
from engine.server.routes.routers import ReadRouter
from engine.types import Asset, Modality

router = ReadRouter("media", "/api/assets/{asset}")
_VTT = "text/vtt"
_LONGEST = 1e7
"""Seconds: more than any file lasts."""
Seconds = Annotated[float, Query(ge=0, le=_LONGEST, allow_inf_nan=False)]


class TranscriptModality(StrEnum):
    """Texts of a file: what is said, and what is to be read."""

    SPEECH = Modality.SPEECH.value
    SCREEN = Modality.SCREEN.value


class TranscriptFormat(StrEnum):
    """Formats of a transcript."""

    JSON = "json"
    VTT = "vtt"


@router.get("/keyframes", response_model=KeyframeList)
async def keyframes(request: Request, asset: Number, library: Name = None) -> JSONResponse:
    """List the keyframes of a video, with the times of their shots."""
    name, chosen = shelf_of(request).entry(library)

    def run() -> dict[str, Any]:
        found = asset_of(chosen, asset)
        try:
            shots = chosen.browse.moments_of(asset, Modality.KEYFRAME)
        except KeyError:  # removed since it was looked up
            raise no_asset(asset) from None
        frames = [
            {
                "moment_id": each.moment_id, "start": each.moment.start, "end": each.moment.end,
                "thumbnail": thumbnail_at(name, each.moment_id),
            }
            for each in shots
        ]  # fmt: skip
        return {"duration": found.duration, "keyframes": frames}

    return json_answer(await admission_of(request).run(run))


@router.head("/strip", response_class=Response, responses=pictures("No body."))
@router.get("/strip", response_class=Response, responses=pictures("A JPEG of frames side by side."))
async def strip(
    request: Request,
    asset: Number,
    library: Name = None,
    frames: Annotated[int, Query(ge=1, le=60, description="Frames, evenly apart.")] = 20,
    height: Annotated[int, Query(ge=16, le=180, description="Pixels.")] = 90,
) -> Response:
    """Return frames of a video side by side, for a seek bar; all are as wide as each other.

    Frame i of n is shown in the middle of the i-th of n equal stretches of the video.
    """
    chosen = shelf_of(request).library(library)
    found = await admission_of(request).run(lambda: asset_of(chosen, asset))
    tag = tag_of("strip", found.content_hash, frames, height)
    if (kept := unchanged(request, tag)) is not None:
        return kept

    def run() -> bytes:
        _require_asset(found, "strip")
        try:
            return chosen.browse.strip(asset, frames=frames, height=height, check=checked_file)
        except KeyError:  # removed since it was looked up
            raise no_asset(asset) from None

    picture = await admission_of(request).run(run)
    return Response(picture, media_type="image/jpeg", headers=kept_headers(tag))


@router.get("/waveform", response_model=WaveformAnswer, responses=OF_A_FILE)
async def waveform(
    request: Request,
    asset: Number,
    library: Name = None,
    buckets: Annotated[int, Query(ge=1, le=4000, description="Stretches, equally long.")] = 800,
    start: Annotated[Seconds, Query(description="Seconds.")] = 0.0,
    end: Annotated[Seconds | None, Query(description="Seconds; by default the end.")] = None,
) -> Response:
    """Return the outline of a sound, or of the soundtrack of a video; the library keeps it."""
    chosen = shelf_of(request).library(library)
    found = await admission_of(request).run(lambda: asset_of(chosen, asset))
    tag = tag_of("waveform", found.content_hash, buckets, start, end)
    if (kept := unchanged(request, tag)) is not None:
        return kept
    duration = found.duration or 0.0
    last = duration if end is None else end
    if end is not None and end <= start:
        raise Problem(400, "invalid_request", "end comes after start", "end")

    def run() -> dict[str, Any]:
        _require_asset(found, "waveform")
        try:
            low, high = chosen.browse.waveform(
                asset, buckets=buckets, start=start, end=last, check=checked_file
            )
        except KeyError:  # removed since it was looked up
            raise no_asset(asset) from None
        return {
            "duration": duration, "start": start, "end": max(last, start),
            "low": [round(float(each), 3) for each in low],
            "high": [round(float(each), 3) for each in high],
        }  # fmt: skip

    answer = json_answer(await admission_of(request).run(run))
    answer.headers.update(kept_headers(tag))
    return answer


@router.get(
    "/transcript",
    response_model=TranscriptAnswer,
    responses={
        200: {"description": "The texts.", "content": {_VTT: {"schema": {"type": "string"}}}}
    },
)
async def transcript(
    request: Request,
    asset: Number,
    library: Name = None,
    modality: Annotated[list[TranscriptModality], Query(max_length=2)] = [],  # noqa: B006
    format: Annotated[  # noqa: A002
        TranscriptFormat | None, Query(description="By default what Accept asks for, else JSON.")
    ] = None,
) -> Response:
    """Return what is said in a file, and what is to be read in it, with times; or as WebVTT."""
    chosen = shelf_of(request).library(library)

    def run() -> Any:
        try:
            return chosen.browse.transcript(asset, [each.value for each in modality])
        except KeyError:
            raise no_asset(asset) from None

    found = await admission_of(request).run(run)
    asked = _VTT in request.headers.get("accept", "").lower()
    if format is TranscriptFormat.VTT or (format is None and asked):
        return Response(found.to_vtt(), media_type=f"{_VTT}; charset=utf-8")
    return json_answer(asdict(found))


def _require_asset(asset: Asset, what: str) -> None:
    """Raise ``Problem`` where a file has no such thing by its kind."""
    if asset.duration is None or (what == "strip" and asset.media.kind != "video"):
        raise Problem(422, "unsupported_media", f"{asset.media.kind} files have no {what}", "asset")
