"""The page for browsers: its files, and the session by which a browser shows pictures.

A browser cannot send a header with the picture of an ``img``, so a token that was typed once is
kept in a cookie that no script reads and no other site sends (RFC 6265bis, SameSite=Strict).
"""

from __future__ import annotations

import re

from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from engine.server.access.guard import SESSION
from engine.server.access.tokens import COOKIE
from engine.server.problems import Problem
from engine.server.routes.documented import fault
from engine.server.routes.kept_answers import unchanged
from engine.server.routes.page_files import PageFile, document, languages, page_files, version
from engine.server.routes.routers import ReadRouter

router = ReadRouter("page", include_in_schema=False)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""Nothing but what this server sends runs or is shown, and no text can become markup."""
_VERSION = re.compile(r"[0-9a-f]{12}")
_LANGUAGE = re.compile(r"\s*([a-zA-Z]{2})")


@router.get("/")
async def start(request: Request) -> Response:
    """Return the page, or to a program what answers here and where it is described."""
    if "text/html" in request.headers.get("accept", ""):
        language = _language(request.query_params.get("lang"), request.headers)
        return _send(request, document(language, searching=bool(request.query_params)), "no-cache")
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


def _language(asked: str | None, headers: Headers) -> str:
    """Return the language that the page will choose: the first one that it speaks."""
    wanted = [asked or "", *headers.get("accept-language", "").split(",")]
    codes = (found[1].lower() for each in wanted if (found := _LANGUAGE.match(each)))
    return next((code for code in codes if code in languages()), "en")


@router.get("/page/{path:path}", responses={404: fault("There is no such file.")})
async def page_file(request: Request, path: str) -> Response:
    """Return a file of the page: by its version for ever, by its path alone until it is another.

    An older version, of a page that was open while the server was renewed, is the file of now.
    """
    given, _, below = path.partition("/")
    versioned = _VERSION.fullmatch(given) is not None
    file = page_files().get(below if versioned else path)
    if file is None:
        raise Problem(404, "not_found", "the page has no such file")
    kept = "public, max-age=31536000, immutable" if given == version() else "no-cache"
    return _send(request, file, kept)


def _send(request: Request, file: PageFile, keep: str) -> Response:
    headers = {"ETag": file.tag, "Cache-Control": keep, "Content-Security-Policy": _POLICY}
    if (kept := unchanged(request, file.tag)) is not None:
        kept.headers.update(headers)
        return kept
    return Response(file.content, media_type=file.kind, headers=headers)
