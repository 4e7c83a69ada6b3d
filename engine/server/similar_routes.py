"""Routes that search by an example: a file, a moment, a URL, or what is sent along."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import JSONResponse

from engine.common.user_path import is_url
from engine.library import Library
from engine.server.context import admission_of, json_answer, no_moment, shelf_of
from engine.server.hit_pages import page_of
from engine.server.media_access import asset_of, checked_file
from engine.server.problems import Problem
from engine.server.schemas import MOST_HITS, SimilarRequest
from engine.types import Kind, SearchResult
from engine.types.examples import Example

router = APIRouter(prefix="/api", tags=["search"])


@router.post("/similar")
async def similar(request: Request, body: SimilarRequest) -> JSONResponse:
    """Find moments that look or sound like an asset, a moment, or what a URL names."""
    given = [body.asset is not None, body.moment is not None, body.url is not None]
    if sum(given) != 1:
        raise Problem(400, "invalid_request", "give one of asset, moment and url")
    if body.url is not None and not is_url(body.url):
        raise Problem(400, "invalid_request", "url is an http or https URL", "url")
    shelf = shelf_of(request)
    of, chosen = shelf.library(body.example_library), shelf.libraries(body.libraries)

    def run() -> list[tuple[str, SearchResult]]:
        example = body.url or _own_example(of, body)
        return _alike(chosen, example, body.kinds, body.where, body.top)

    return json_answer(page_of(await admission_of(request).run(run), body.top, body.likely))


@router.post("/similar/upload")
async def similar_upload(
    request: Request,
    file: Annotated[UploadFile, File(description="A picture, a video or a sound.")],
    library: Annotated[list[str], Form()] = [],  # noqa: B006
    top: Annotated[int, Form(ge=1, le=MOST_HITS)] = 20,
) -> JSONResponse:
    """Find moments that look or sound like a file that is sent along."""
    chosen, content = shelf_of(request).libraries(library), await file.read()
    found = await admission_of(request).run(lambda: _alike(chosen, content, [], [], top))
    return json_answer(page_of(found, top, likely=False))


def _own_example(library: Library, body: SimilarRequest) -> str:
    """Return the path of an example that is in a library, with its time where it is a moment."""
    if body.asset is not None:
        return str(checked_file(asset_of(library, body.asset)))
    number = body.moment or 0
    try:
        record = library.moment(number)
    except KeyError:
        raise no_moment(number) from None
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
