"""The native routes: searching, looking at what was found, and what a library holds."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, Response

from engine.common.json_text import parseable
from engine.common.user_path import is_url
from engine.library import Library
from engine.server.admission import Admission
from engine.server.media_access import asset_of, checked_file, media_type_of
from engine.server.problems import Problem
from engine.server.schemas import MOST_HITS, SearchRequest, SimilarRequest
from engine.server.shelf import Shelf
from engine.types import Hit, Kind, PartKind, SearchResult
from engine.types import Query as Asked
from engine.types.examples import Example

router = APIRouter(prefix="/api", tags=["native"])
_MOST_PAGES = 10_000
"""Hits past which there is no further page."""
_Name = Annotated[str | None, Query(description="The name of a library; the first by default.")]


@router.get("/libraries")
async def libraries(request: Request) -> JSONResponse:
    """List the libraries of this server with their counts."""

    def describe() -> list[dict[str, Any]]:
        return [
            {
                "name": name, "encoder": library.encoder,
                "assets": dict(library.stats().assets), "moments": dict(library.stats().moments),
            }
            for name, library in _shelf(request)
        ]  # fmt: skip

    return _json({"libraries": await _admission(request).run(describe)})


@router.get("/spaces")
async def spaces(request: Request, library: _Name = None) -> JSONResponse:
    """List the embedding spaces of a library."""
    chosen = _shelf(request).library(library)
    found = await _admission(request).run(lambda: chosen.describe().spaces)
    listed = [{"name": s.space.name, "dim": s.space.dim, "state": s.state} for s in found]
    return _json({"spaces": listed})


@router.post("/search")
async def search(request: Request, body: SearchRequest) -> JSONResponse:
    """Find moments by a query; several libraries answer as one, the likeliest hits first."""
    chosen = _shelf(request).libraries(body.libraries)
    skip = _skipped(request, body)
    options: dict[str, Any] = {"kinds": body.kinds, "where": body.where, "top": skip + body.top}
    options |= {k: v for k, v in (("sort", body.sort), ("space", body.space)) if v is not None}
    asked = Library.query(body.text, **options)
    refuse_paths(asked)

    def run() -> tuple[list[tuple[str, SearchResult]], str | None]:
        found = [(name, library.run(asked)) for name, library in chosen]
        first = chosen[0][1]
        return found, first.explain(found[0][1]) if body.explain else None

    found, plan = await _admission(request).run(run)
    page = _document(found, body.top, skip, body.likely, merged=asked.sort is None)
    if page.pop("more") and skip + body.top < _MOST_PAGES:
        page["next"] = _cursor(request, body, skip + body.top)
    return _json(page | ({"plan": plan} if plan is not None else {}))


@router.get("/search")
async def search_by_link(
    request: Request,
    text: Annotated[str, Query(max_length=4000)],
    top: Annotated[int, Query(ge=1, le=MOST_HITS)] = 20,
    likely: bool = False,
    library: Annotated[list[str], Query()] = [],  # noqa: B006
) -> JSONResponse:
    """Find moments by a query, as `POST /api/search` does, from an address."""
    body = SearchRequest(text=text, top=top, likely=likely, libraries=library)
    return await search(request, body)


@router.post("/similar")
async def similar(request: Request, body: SimilarRequest) -> JSONResponse:
    """Find moments that look or sound like an asset, a moment, or what a URL names."""
    given = [body.asset is not None, body.moment is not None, body.url is not None]
    if sum(given) != 1:
        raise Problem(400, "invalid_request", "give one of asset, moment and url")
    if body.url is not None and not is_url(body.url):
        raise Problem(400, "invalid_request", "url is an http or https URL", "url")
    shelf = _shelf(request)
    of, chosen = shelf.library(body.example_library), shelf.libraries(body.libraries)

    def run() -> list[tuple[str, SearchResult]]:
        example = body.url or _own_example(of, body)
        return _alike(chosen, example, body.kinds, body.where, body.top)

    return _json(_page(await _admission(request).run(run), body.top, body.likely))


@router.post("/similar/upload")
async def similar_upload(
    request: Request,
    file: Annotated[UploadFile, File(description="A picture, a video or a sound.")],
    library: Annotated[list[str], Form()] = [],  # noqa: B006
    top: Annotated[int, Form(ge=1, le=MOST_HITS)] = 20,
) -> JSONResponse:
    """Find moments that look or sound like a file that is sent along."""
    chosen, content = _shelf(request).libraries(library), await file.read()
    found = await _admission(request).run(lambda: _alike(chosen, content, [], [], top))
    return _json(_page(found, top, likely=False))


@router.get("/assets/{asset}")
async def asset_facts(request: Request, asset: int, library: _Name = None) -> JSONResponse:
    """Return what is known of a file."""
    chosen = _shelf(request).library(library)
    found = await _admission(request).run(lambda: asset_of(chosen, asset))
    return _json(asdict(found))


@router.get("/moments/{moment}")
async def moment_facts(request: Request, moment: int, library: _Name = None) -> JSONResponse:
    """Return a moment: its file, its times, and the words that were said or read in it."""
    chosen = _shelf(request).library(library)

    def run() -> dict[str, Any]:
        try:
            return asdict(chosen.moment(moment))
        except KeyError:
            raise _no_moment(moment) from None

    return _json(await _admission(request).run(run))


@router.get("/thumbnails/{moment}")
async def thumbnail(request: Request, moment: int, library: _Name = None) -> Response:
    """Return a JPEG of a moment, 320 pixels at most."""
    chosen = _shelf(request).library(library)

    def run() -> bytes:
        try:
            return chosen.thumbnail(moment)
        except KeyError:
            raise _no_moment(moment) from None

    picture = await _admission(request).run(run)
    kept = {"Cache-Control": "private, max-age=3600"}
    return Response(picture, media_type="image/jpeg", headers=kept)


@router.get("/media/{asset}")
async def media(request: Request, asset: int, library: _Name = None) -> FileResponse:
    """Return the file of an asset as it is; a Range asks for a part of it."""
    chosen = _shelf(request).library(library)
    found = await _admission(request).run(lambda: asset_of(chosen, asset))
    path = await run_in_threadpool(checked_file, found)
    return FileResponse(
        path, media_type=media_type_of(found), content_disposition_type="inline",
        filename=path.name.encode(errors="replace").decode(),
    )  # fmt: skip


def _shelf(request: Request) -> Shelf:
    shelf: Shelf = request.app.state.shelf
    return shelf


def _admission(request: Request) -> Admission:
    admission: Admission = request.app.state.admission
    return admission


def _json(document: object) -> JSONResponse:
    return JSONResponse(parseable(document))


def _no_moment(moment: int) -> Problem:
    return Problem(404, "moment_not_found", f"there is no moment {moment}", "moment")


def refuse_paths(asked: Asked) -> None:
    """Refuse a query that has files of this machine as examples, which callers may not name."""
    for stage in asked.stages:
        for part in stage:
            if part.asked not in (PartKind.TEXT, PartKind.CONCEPT) and not is_url(part.value):
                raise Problem(
                    400, "path_refused",
                    "a file cannot be named in a query here; /api/similar takes the number of an"
                    " asset or a moment, /api/similar/upload a file; double quotes make it text",
                    "text",
                )  # fmt: skip
    if asked.rerank is not None:
        raise Problem(400, "rerank_refused", "the server does not rerank", "text")


def _own_example(library: Library, body: SimilarRequest) -> str:
    """Return the path of an example that is in a library, with its time where it is a moment."""
    if body.asset is not None:
        return str(checked_file(asset_of(library, body.asset)))
    number = body.moment or 0
    try:
        record = library.moment(number)
    except KeyError:
        raise _no_moment(number) from None
    path, start, end = checked_file(asset_of(library, record.asset_id)), *_times(record.moment)
    if start is None or record.kind is Kind.IMAGE:
        return str(path)
    return f"{path}#t={start:.6f}" + (f",{end:.6f}" if end is not None else "")


def _times(moment: Any) -> tuple[float | None, float | None]:
    return moment.start, moment.end


def _alike(
    chosen: list[tuple[str, Library]],
    example: Example,
    kinds: list[Kind],
    where: list[str],
    top: int,
) -> list[tuple[str, SearchResult]]:
    options: dict[str, Any] = {"where": where} if where else {}
    return [
        (name, library.similar(example, kinds=kinds, top=top, **options))
        for name, library in chosen
    ]


def _page(found: list[tuple[str, SearchResult]], top: int, likely: bool) -> dict[str, Any]:
    page = _document(found, top, 0, likely, merged=True)
    del page["more"]
    return page


def _document(
    found: list[tuple[str, SearchResult]], top: int, skip: int, likely: bool, *, merged: bool
) -> dict[str, Any]:
    """Return a page of the hits of all libraries."""
    hits = [(name, hit) for name, result in found for hit in result]
    if merged and len(found) > 1:
        # Probabilities compare between libraries, which scores do not.
        hits.sort(key=lambda each: -each[1].confidence)
    shown = [
        _hit(name, replace(hit, rank=skip + at + 1), several=len(found) > 1)
        for at, (name, hit) in enumerate(hits[skip : skip + top])
        if hit.likely or not likely
    ]
    return {
        "hits": shown,
        "more": len(hits) >= skip + top,
        "notes": [note for _, result in found for note in result.notes],
        "took_ms": {name: dict(result.took_ms) for name, result in found},
    }


def _hit(name: str, hit: Hit, *, several: bool) -> dict[str, Any]:
    of = f"?library={name}" if several else ""
    return hit.to_dict() | {
        "library": name,
        "thumbnail": f"/api/thumbnails/{hit.moment_id}{of}",
        "media": f"/api/media/{hit.asset_id}{of}",
    }


def _cursor(request: Request, body: SearchRequest, skip: int) -> str:
    """Return where the next page begins, with a signature of the query that it is a page of."""
    asked = body.model_dump_json(exclude={"cursor", "top"})
    key: bytes = request.app.state.cursor_key
    sign = hmac.new(key, f"{skip} {asked}".encode(), hashlib.sha256).hexdigest()[:24]
    return f"{skip}-{sign}"


def _skipped(request: Request, body: SearchRequest) -> int:
    """Return the hits that come before a page.

    Raises:
        Problem: 400; the cursor is of another query, or of another run of the server.
    """
    if body.cursor is None:
        return 0
    number = body.cursor.partition("-")[0]
    if number.isascii() and number.isdigit() and len(number) < 7:
        skip = int(number)
        if hmac.compare_digest(_cursor(request, body, skip).encode(), body.cursor.encode()):
            return skip
    raise Problem(400, "bad_cursor", "the cursor is of another query; ask without it", "cursor")
