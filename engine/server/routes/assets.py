"""Routes that list files and moments, and tell what is known of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import JSONResponse

from engine.library.facade import Library
from engine.server.access.media_access import no_asset
from engine.server.routes.answers import (
    AssetAnswer,
    AssetList,
    MomentAnswer,
    MomentList,
    NeighboursAnswer,
)
from engine.server.routes.context import (
    GREATEST,
    Name,
    Names,
    Number,
    admission_of,
    file_facts,
    json_answer,
    media_at,
    no_moment,
    shelf_of,
    thumbnail_at,
)
from engine.server.routes.routers import ReadRouter
from engine.server.routes.schemas import Text
from engine.types import Asset, Kind, Modality, MomentRecord, Sort

if TYPE_CHECKING:
    from engine.query.browse.lists import ListedAsset

router = ReadRouter("files and moments", "/api")
_Kinds = Annotated[list[Kind], Query(max_length=3, description="Only these kinds of files.")]
_Where = Annotated[list[Text], Query(max_length=32, description="Filters, all of which hold.")]
_Skip = Annotated[int, Query(ge=0, le=10_000_000, description="Rows before the first.")]
_Limit = Annotated[int, Query(ge=1, le=500, description="Rows of the page.")]


@router.get("/assets", response_model=AssetList)
async def assets(
    request: Request,
    library: Names = [],  # noqa: B006
    kind: _Kinds = [],  # noqa: B006
    where: _Where = [],  # noqa: B006
    sort: Sort = Sort.DATE,
    skip: _Skip = 0,
    limit: _Limit = 50,
) -> JSONResponse:
    """List files, the newest first unless asked otherwise, those of several libraries in one."""
    chosen = shelf_of(request).libraries(library)
    several = len(chosen) > 1

    def run() -> dict[str, Any]:
        rows: list[tuple[str, ListedAsset]] = []
        total = 0
        for name, each in chosen:
            first, most = (0, skip + limit) if several else (skip, limit)
            page = each.browse.assets(kinds=kind, where=where, sort=sort, skip=first, limit=most)
            total += page.total
            rows += [(name, row) for row in page.assets]
        if several:
            key = _KEYS.get(sort, _KEYS[Sort.DATE])
            rows.sort(key=lambda row: key(row[1].asset), reverse=sort is not Sort.PATH)
            rows = rows[skip : skip + limit]
        return {"total": total, "assets": [_asset(name, row) for name, row in rows]}

    return json_answer(await admission_of(request).run(run))


@router.get("/assets/{asset}", response_model=AssetAnswer)
async def asset_facts(request: Request, asset: Number, library: Name = None) -> JSONResponse:
    """Return what is known of a file."""
    name, chosen = shelf_of(request).entry(library)

    def run() -> dict[str, Any]:
        try:
            found = _asset(name, chosen.browse.asset(asset))
        except KeyError:
            raise no_asset(asset) from None
        if (place := found["place"]) is not None:
            near = chosen.browse.town_near(place["latitude"], place["longitude"])
            place["near"] = None if near is None else asdict(near)
        return found

    return json_answer(await admission_of(request).run(run))


@router.get("/moments", response_model=MomentList)
async def moments(
    request: Request,
    library: Names = [],  # noqa: B006
    kind: _Kinds = [],  # noqa: B006
    modality: Annotated[list[Modality], Query(max_length=5)] = [],  # noqa: B006
    where: _Where = [],  # noqa: B006
    number: Annotated[
        list[Annotated[int, Field(ge=0, le=GREATEST)]],
        Query(
            max_length=100, description="Only these moments of one library, as `others` of hits."
        ),
    ] = [],  # noqa: B006
    skip: _Skip = 0,
    limit: _Limit = 50,
) -> JSONResponse:
    """List moments by their numbers, library after library."""
    chosen = shelf_of(request).libraries(library)
    if number:
        name, first = chosen[0]
        return json_answer(await admission_of(request).run(lambda: _numbered(name, first, number)))

    def run() -> dict[str, Any]:
        rows: list[dict[str, Any]] = []
        total = 0
        for name, each in chosen:
            page = each.browse.moments(
                kinds=kind, modalities=modality, where=where, skip=max(0, skip - total),
                limit=limit - len(rows),
            )  # fmt: skip
            total += page.total
            rows += [moment_document(name, record) for record in page.moments]
        return {"total": total, "moments": rows}

    return json_answer(await admission_of(request).run(run))


@router.get("/assets/{asset}/moments", response_model=MomentList)
async def moments_of_asset(
    request: Request,
    asset: Number,
    library: Name = None,
    modality: Annotated[list[Modality], Query(max_length=5)] = [],  # noqa: B006
    skip: _Skip = 0,
    limit: _Limit = 500,
) -> JSONResponse:
    """List the moments of a file in their order."""
    name, chosen = shelf_of(request).entry(library)

    def run() -> dict[str, Any]:
        try:
            found = chosen.browse.moments_of(asset, modality)
        except KeyError:
            raise no_asset(asset) from None
        rows = [moment_document(name, record) for record in found[skip : skip + limit]]
        return {"total": len(found), "moments": rows}

    return json_answer(await admission_of(request).run(run))


@router.get("/moments/{moment}", response_model=MomentAnswer)
async def moment_facts(request: Request, moment: Number, library: Name = None) -> JSONResponse:
    """Return a moment: its file, its times, and the words that were said or read in it."""
    name, chosen = shelf_of(request).entry(library)

    def run() -> dict[str, Any]:
        try:
            return moment_document(name, chosen.moment(moment))
        except KeyError:
            raise no_moment(moment) from None

    return json_answer(await admission_of(request).run(run))


@router.get("/moments/{moment}/neighbours", response_model=NeighboursAnswer)
async def neighbours(
    request: Request,
    moment: Number,
    library: Name = None,
    count: Annotated[int, Query(ge=0, le=100, description="How many on each side.")] = 5,
) -> JSONResponse:
    """Return the moments before and after one in its file, perceived in the same way."""
    name, chosen = shelf_of(request).entry(library)

    def run() -> dict[str, Any]:
        try:
            found = chosen.browse.neighbours(moment, count)
        except KeyError:
            raise no_moment(moment) from None
        return {
            "before": [moment_document(name, record) for record in found.before],
            "moment": moment_document(name, found.moment),
            "after": [moment_document(name, record) for record in found.after],
        }

    return json_answer(await admission_of(request).run(run))


def _numbered(name: str, library: Library, numbers: list[int]) -> dict[str, Any]:
    """Return moments in the order that is asked for, without those that are gone."""
    records: list[MomentRecord] = []
    for number in numbers:
        with suppress(KeyError):
            records.append(library.moment(number))
    facts = library.browse.facts({record.asset_id for record in records})
    rows = [
        moment_document(name, record) | {"file": file_facts(facts.get(record.asset_id))}
        for record in records
    ]
    return {"total": len(rows), "moments": rows}


def moment_document(library: str, record: MomentRecord) -> dict[str, Any]:
    """Return a moment as it is answered."""
    moment = record.moment
    return {
        "moment_id": record.moment_id, "asset_id": record.asset_id, "path": record.path,
        "kind": record.kind, "modality": moment.modality, "start": moment.start,
        "end": moment.end, "ordinal": moment.ordinal, "text": moment.text,
        "tags": [{"word": tag.word, "weight": tag.weight} for tag in moment.tags],
        "library": library, "thumbnail": thumbnail_at(library, record.moment_id),
        "media": media_at(library, record.asset_id),
    }  # fmt: skip


def _asset(library: str, row: ListedAsset) -> dict[str, Any]:
    asset, first = row.asset, row.first_moment
    place = asset.place
    return {
        "asset_id": row.asset_id, "path": asset.path, "kind": asset.media.kind,
        "format": asset.media.format, "content_hash": asset.content_hash,
        "taken_at": asset.taken_at, "date": asset.date, "size": asset.size,
        "width": asset.width, "height": asset.height, "duration": asset.duration,
        "place": None if place is None else {"latitude": place[0], "longitude": place[1]},
        "caption": asset.caption, "texts": asset.texts, "tags": list(row.tags),
        "library": library, "first_moment": first,
        "thumbnail": None if first is None else thumbnail_at(library, first),
        "media": media_at(library, row.asset_id),
    }  # fmt: skip


_KEYS: Mapping[Sort, Callable[[Asset], Any]] = {
    Sort.DATE: lambda asset: asset.date,
    Sort.SIZE: lambda asset: asset.size,
    Sort.PATH: lambda asset: asset.path,
}
