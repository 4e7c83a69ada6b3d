"""Routes of tags."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import Request
from starlette.responses import JSONResponse

from engine.server.access.scopes import needs
from engine.server.problems import Problem
from engine.server.routes.context import Names, admission_of, json_answer, shelf_of
from engine.server.routes.documented import fault
from engine.server.routes.routers import ReadRouter
from engine.server.routes.tag_schemas import (
    TagList,
    TagsChanged,
    TagsCountRequest,
    TagsRequest,
)

router = ReadRouter("tags", "/api")
_NO_LIBRARY: dict[int | str, dict[str, Any]] = {404: fault("There is no library of that name.")}


@router.get("/tags", response_model=TagList, responses=_NO_LIBRARY)
async def tags(request: Request, library: Names = []) -> JSONResponse:  # noqa: B006
    """List the tags of libraries, the most frequent first."""
    chosen = shelf_of(request).libraries(library)

    def count() -> Counter[str]:
        counts: Counter[str] = Counter()
        for _, each in chosen:
            counts.update(each.stats().tags)
        return counts

    return json_answer(_listed(await admission_of(request).run(count)))


@router.post("/tags/count", response_model=TagList, responses=_NO_LIBRARY)
async def count_tags(request: Request, body: TagsCountRequest) -> JSONResponse:
    """List the tags that some files have, with how many of these files have each."""
    library = shelf_of(request).library(body.library)

    def count() -> Counter[str]:
        return Counter(w for words in library.browse.tags(body.assets).values() for w in words)

    return json_answer(_listed(await admission_of(request).run(count)))


def _listed(counts: Counter[str]) -> dict[str, Any]:
    listed = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return {"tags": [{"tag": word, "files": count} for word, count in listed]}


@router.post(
    "/tags", dependencies=[needs("tag")], response_model=TagsChanged,
    responses={
        404: fault("There is no file of a number, or no library of that name."),
        409: fault("Something else writes to the library, such as a job."),
    },
)  # fmt: skip
async def change_tags(request: Request, body: TagsRequest) -> JSONResponse:
    """Give files tags, and take tags from them; `POST /api/runs/N/undo` takes that back."""
    library = shelf_of(request).library(body.library)
    if not body.add and not body.remove:
        raise Problem(400, "invalid_request", "name tags to add or to remove", "add")

    def change() -> dict[str, Any]:
        for asset in body.assets:
            try:
                library.asset(asset)
            except KeyError:
                message = f"there is no asset {asset}"
                raise Problem(404, "asset_not_found", message, "assets") from None
        words = body.model_dump(include={"add", "remove"}, exclude_defaults=True)
        changed = library.curate.tag(body.assets, **words)
        return {"run": changed.run_id, "given": changed.given, "taken": changed.taken}

    return json_answer(await admission_of(request).run(change))
