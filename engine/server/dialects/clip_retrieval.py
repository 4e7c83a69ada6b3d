"""The routes of clip-retrieval, for its own client and its own page, as its code has them.

Its client sends no Content-Type, so bodies are read as they are. An ``indice`` is a library.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fastapi import Request
from starlette.responses import JSONResponse

from engine.common.json_text import parseable
from engine.errors import MediaError
from engine.library.facade import Library
from engine.query.language.query_parser import quoted
from engine.server.access.media_access import picture_of
from engine.server.dialects.bodies import json_object
from engine.server.dialects.inputs import MediaInput, media_of
from engine.server.observing.stages import note_stages
from engine.server.problems import Problem
from engine.server.routes.routers import ReadRouter
from engine.types import Hit, Kind, SearchResult

router = ReadRouter("clip-retrieval")
_MOST = 10_000
"""Results of one search, as many as its page asks for when it downloads them."""
_PICTURES = 100
"""Results that come with a picture, at most."""


@router.get("/indices-list")
async def indices(request: Request) -> list[str]:
    """List the libraries, which this protocol calls indices."""
    names: list[str] = request.app.state.shelf.names
    return names


@router.post("/knn-service")
async def knn(request: Request) -> JSONResponse:
    """Find pictures by a text or a picture, as clip-retrieval answers."""
    body = await json_object(request)
    library: Library = request.app.state.shelf.library(_required(body, "indice_name"))
    shown = _count(body, "num_images")
    found = _count(body, "num_result_ids", shown)
    kinds = [Kind.IMAGE] if body.get("modality") == "image" else []
    example = _example(body)

    def run() -> list[dict[str, Any]]:
        result = _search(library, body, example, kinds, max(shown, found))
        note_stages(result.took_ms)
        return [_row(library, hit, whole=at < shown) for at, hit in enumerate(result)]

    return JSONResponse(parseable(await request.app.state.admission.run(run)))


@router.post("/metadata")
async def metadata(request: Request) -> JSONResponse:
    """Return what is known of results that came without it."""
    body = await json_object(request)
    library: Library = request.app.state.shelf.library(_required(body, "indice_name"))
    ids = body.get("ids")
    if not isinstance(ids, list) or not all(isinstance(i, int) for i in ids) or len(ids) > _MOST:
        raise Problem(400, "invalid_request", f"ids is a list of {_MOST} numbers at most", "ids")

    def run() -> list[dict[str, Any]]:
        found = []
        for number in ids:
            try:
                record = library.moment(number)
            except KeyError:
                continue
            facts = _facts(library, record.asset_id)
            found.append({"id": number, "metadata": facts})
        return found

    return JSONResponse(parseable(await request.app.state.admission.run(run)))


def _search(
    library: Library,
    body: Mapping[str, Any],
    example: MediaInput | None,
    kinds: list[Kind],
    top: int,
) -> SearchResult:
    if example is not None:
        return library.similar(example.url or example.content or b"", kinds=kinds, top=top)
    return library.search(quoted(body["text"]), kinds=kinds, top=top)


def _example(body: Mapping[str, Any]) -> MediaInput | None:
    """Return the picture that is asked by; None for a text.

    Raises:
        Problem: 400; nothing is asked, or a vector, which has no modality to be judged by.
    """
    if body.get("image"):
        return media_of("image", body["image"], "image")
    if body.get("image_url"):
        return media_of("image", body["image_url"], "image_url")
    text = body.get("text")
    if isinstance(text, str) and text.strip():
        return None
    if body.get("embedding_input"):
        message = "embedding_input is not taken: send text, image or image_url"
        raise Problem(400, "invalid_request", message, "embedding_input")
    raise Problem(400, "invalid_request", "give text, image or image_url", "text")


def _row(library: Library, hit: Hit, *, whole: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"id": hit.moment_id, "similarity": hit.confidence}
    if not whole:
        return row
    row |= _facts(library, hit.asset_id)
    if hit.rank <= _PICTURES:
        with suppress(MediaError, Problem, KeyError):  # the file is gone, the row is true
            row["image"] = base64.b64encode(picture_of(library, hit.moment_id)).decode()
            # The page shows a `url` in the place of the picture, and only by one of its own
            # origin could it be shown.
            del row["url"]
    return row


def _facts(library: Library, asset_id: int) -> dict[str, Any]:
    try:
        asset = library.asset(asset_id)
    except KeyError:
        return {}
    url = f"/api/media/{asset_id}?library={library.path.name}"
    return {"image_path": asset.path, "caption": asset.caption or "", "url": url}


def _required(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Problem(400, "invalid_request", f"{name} is missing; /indices-list has them", name)
    return value


def _count(body: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
        raise Problem(400, "invalid_request", f"{name} is a number from 1 to {_MOST}", name)
    return value
