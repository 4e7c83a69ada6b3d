"""The page for browsers: its files, and the session by which a browser shows pictures.

A browser cannot send a header with the picture of an ``img``, so a token that was typed once is
kept in a cookie that no script reads and no other site sends (RFC 6265bis, SameSite=Strict).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from fastapi import Request
from starlette.responses import JSONResponse, Response

from engine.server.access.guard import SESSION
from engine.server.access.tokens import COOKIE
from engine.server.problems import Problem
from engine.server.routes.documented import fault
from engine.server.routes.kept_answers import unchanged
from engine.server.routes.routers import ReadRouter

router = ReadRouter("page", include_in_schema=False)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""Nothing but what this server sends runs or is shown, and no text can become markup."""
_KINDS = {
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".css": "text/css",
    ".json": "application/json",
    ".js": "text/javascript",
}
"""Media types of the page's files by the ends of their names; nothing else there is served."""


@cache
def _page_files() -> dict[str, tuple[bytes, str, str]]:
    """Return the files of the page by their paths in its folder: content, media type and tag."""
    return dict(_files_below(files("engine.server").joinpath("page")))


def _files_below(
    folder: Traversable, path: str = ""
) -> Iterator[tuple[str, tuple[bytes, str, str]]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files_below(entry, f"{path}{entry.name}/")
        elif kind := _KINDS.get(PurePosixPath(entry.name).suffix):
            content = entry.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            yield path + entry.name, (content, kind, tag)


@router.get("/")
async def start(request: Request) -> Response:
    """Return the page, or to a program what answers here and where it is described."""
    if "text/html" in request.headers.get("accept", ""):
        return _file(request, "index.html")
    about = {"name": "Sensorium", "api": "/api/openapi.json", "search": "/api/search?text=a%20dog"}
    return JSONResponse(about)


@router.post(SESSION, responses={204: {"description": "The cookie is set."}})
async def begin_session(request: Request) -> Response:
    """Keep the token of this request in a cookie of the browser."""
    _, _, token = request.headers.get("authorization", "").partition(" ")
    answer = Response(status_code=204)
    secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
    answer.set_cookie(
        COOKIE, token.strip(), httponly=True, samesite="strict", secure=secure, max_age=30 * 86400
    )
    return answer


@router.get("/page/{name:path}", responses={404: fault("There is no such file.")})
async def page_file(request: Request, name: str) -> Response:
    """Return a file of the page."""
    if name not in _page_files():
        raise Problem(404, "not_found", "the page has no such file")
    return _file(request, name)


def _file(request: Request, name: str) -> Response:
    content, kind, tag = _page_files()[name]
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
    if (kept := unchanged(request, tag)) is not None:
        kept.headers.update(headers)
        return kept
    return Response(content, media_type=kind, headers=headers)
