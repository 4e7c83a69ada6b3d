"""Routes that search by examples: files, moments, regions, URLs, or what is sent along."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import File, Form, Request, UploadFile
from pydantic import Field
from starlette.responses import JSONResponse

from engine.common.user_path import is_url
from engine.library.facade import Library
from engine.server.access.media_access import asset_of, checked_file
from engine.server.problems import Problem
from engine.server.routes.answers import HitPage
from engine.server.routes.context import (
    GREATEST,
    admission_of,
    json_answer,
    no_moment,
    pages_of,
    shelf_of,
)
from engine.server.routes.hit_pages import Ask
from engine.server.routes.kept_answers import GONE
from engine.server.routes.queries import options_of, refuse_paths
from engine.server.routes.routers import ReadRouter
from engine.server.routes.schemas import (
    MOST_HITS,
    ExampleBody,
    Fraction,
    LibraryName,
    PagedRequest,
    RegionBody,
    SimilarRequest,
    Text,
)
from engine.server.shelf import Shelf
from engine.types import Group, Kind, QueryPart, Sort
from engine.types.examples import Example

router = ReadRouter("search", "/api")
_Number = Annotated[int, Field(ge=0, le=GREATEST)]


@router.post("/similar", response_model=HitPage, responses=GONE)
async def similar(request: Request, body: SimilarRequest) -> JSONResponse:
    """Find moments that look or sound like examples, with words, and unlike other examples."""
    shelf = shelf_of(request)
    chosen = shelf.libraries(body.libraries)

    def read() -> Ask:
        first, *more = (_example(shelf, each) for each in (body, *body.more))
        less = [_example(shelf, each) for each in body.less]
        return _ask(chosen, first, body, body.text, more, less)

    ask = await admission_of(request).run(read)
    return json_answer(await pages_of(request).answer(request, ask, body))


@router.post("/similar/upload", response_model=HitPage, responses=GONE)
async def similar_upload(
    request: Request,
    file: Annotated[UploadFile, File(description="A picture, a video or a sound.")],
    library: Annotated[list[LibraryName], Form(max_length=32)] = [],  # noqa: B006
    top: Annotated[int, Form(ge=1, le=MOST_HITS)] = 20,
    kind: Annotated[list[Kind], Form(max_length=3)] = [],  # noqa: B006
    where: Annotated[list[Text], Form(max_length=32)] = [],  # noqa: B006
    text: Annotated[Text, Form(description="Words that are looked for besides.")] = "",
    likely: Annotated[bool, Form()] = False,
    sort: Annotated[Sort | None, Form()] = None,
    group: Annotated[Group, Form()] = Group.SHOT,
    x: Annotated[Fraction, Form(description="The region that is meant of a picture.")] = 0.0,
    y: Annotated[Fraction, Form()] = 0.0,
    w: Annotated[Fraction, Form()] = 1.0,
    h: Annotated[Fraction, Form()] = 1.0,
    more: Annotated[
        list[_Number], Form(max_length=8, description="Moments of the first library.")
    ] = [],  # noqa: B006
    less: Annotated[list[_Number], Form(max_length=8)] = [],  # noqa: B006
    cursor: Annotated[str | None, Form(max_length=200)] = None,
    explain: Annotated[bool, Form()] = False,
) -> JSONResponse:
    """Find moments that look or sound like a file that is sent along, as `/api/similar` does."""
    body = PagedRequest(
        libraries=library, top=top, kinds=kind, where=where, likely=likely, sort=sort, group=group,
        cursor=cursor, explain=explain,
    )  # fmt: skip
    shelf, content = shelf_of(request), await file.read()
    chosen = shelf.libraries(body.libraries)
    whole = (x, y, w, h) == (0, 0, 1, 1)

    def read() -> Ask:
        examples = [[_moment(shelf, i) for i in numbers] for numbers in (more, less)]
        region = None if whole else RegionBody(x=x, y=y, w=w, h=h)
        return _ask(chosen, _part(content, region), body, text, *examples)

    ask = await admission_of(request).run(read)
    digest = hashlib.sha256(content).digest()
    also = repr((digest, x, y, w, h, text, more, less)).encode()
    return json_answer(await pages_of(request).answer(request, ask, body, also))


def _ask(
    chosen: list[tuple[str, Library]],
    first: QueryPart,
    body: PagedRequest,
    text: str,
    more: list[QueryPart],
    less: list[QueryPart],
) -> Ask:
    if text:
        refuse_paths(Library.query(text, local=False))
    query = Library.similar_query(
        first, text=text or None, more=more, less=less, local=False, **options_of(body)
    )
    return Ask(chosen, query)


def _moment(shelf: Shelf, number: int) -> QueryPart:
    return _example(shelf, ExampleBody(moment=number))


def _example(shelf: Shelf, body: ExampleBody) -> QueryPart:
    """Return an example: a URL, or what is indexed, as it was indexed.

    Raises:
        Problem: 400; none is named, or several are. 404, 409, 410; it is not there as it was.
    """
    given = [body.asset is not None, body.moment is not None, body.url is not None]
    if sum(given) != 1:
        raise Problem(400, "invalid_request", "give one of asset, moment and url")
    if body.url is not None:
        if not is_url(body.url):
            raise Problem(400, "invalid_request", "url is an http or https URL", "url")
        return _part(body.url, body.region)
    return _part(_own_example(shelf.library(body.example_library), body), body.region)


def _own_example(library: Library, body: ExampleBody) -> str:
    """Return the path of an example that is in a library, with its time where it is a moment."""
    if body.asset is not None:
        return str(checked_file(asset_of(library, body.asset)))
    number = body.moment or 0
    try:
        record = library.moment(number)
    except KeyError:
        raise no_moment(number) from None
    path, moment = checked_file(asset_of(library, record.asset_id)), record.moment
    if moment.start is None or record.kind is Kind.IMAGE:
        return str(path)
    return f"{path}#t={moment.start:.6f}" + (f",{moment.end:.6f}" if moment.end is not None else "")


def _part(example: Example, region: RegionBody | None) -> QueryPart:
    return Library.example(example, region=region.sides if region is not None else None)
