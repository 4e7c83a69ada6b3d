"""The page for browsers: its files, and the session by which a browser shows pictures.

A browser cannot send a header with the picture of an ``img``, so a token that was typed once is
kept in a cookie that no script reads and no other site sends (RFC 6265bis, SameSite=Strict).
"""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from importlib.resources import files

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
_WHOLE = ("index.html", "icon.svg", "style.css", "de.json", "en.json", "land.json")


@cache
def _page_files() -> dict[str, tuple[bytes, str, str]]:
    """Return the files of the page by their names: content, media type and tag."""
    found = {}
    for file in files("engine.server").joinpath("page").iterdir():
        if file.name in _WHOLE or file.name.endswith(".js"):
            content = file.read_bytes()
            kind = "text/javascript" if file.name.endswith(".js") else _type_of(file.name)
            found[file.name] = content, kind, f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return found


def _type_of(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


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


@router.get("/page/{name}", responses={404: fault("There is no such file.")})
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
