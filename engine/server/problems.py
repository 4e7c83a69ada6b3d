"""Errors as answers: a status, and one JSON object that names what is wrong and the way out.

The object is that of OpenAI's API with a field more, so that clients of either read it:
``{"error": {"message", "type", "param", "code", "retryable"}}``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from engine import errors
from engine.common.text import printable
from engine.server.load.admission import DeadlineMissed, Overloaded

_STATUS: Mapping[type[errors.SensoriumError], int] = {
    errors.PathNotFound: 404,
    errors.EncoderUnavailable: 501,
    errors.ExtraMissing: 501,
    errors.UsageError: 400,
    errors.ChatFailed: 502,
    errors.MediaTooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.MediaError: 422,
    errors.LibraryBusy: 409,
    errors.LibraryReadOnly: 403,
    errors.OutOfMemory: 503,
    errors.CatalogUnreachable: 503,
    errors.LibraryUnavailable: 503,
}
"""The first class that an error is of decides."""
_BUSY = "something else writes to the library, such as a job of /api/jobs; try again when it ends"
_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    408: "slow_body",
    413: "body_too_large",
    429: "overloaded",
}
_log = logging.getLogger(__name__)


class Problem(Exception):
    """A request that cannot be answered, found by the server itself."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.param = status, code, message, param


def problem_response(
    status: int,
    code: str,
    message: str,
    *,
    param: str | None = None,
    retryable: bool = False,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return an answer that says what is wrong."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {
        "message": printable(message), "type": kind, "param": param, "code": code,
        "retryable": retryable,
    }  # fmt: skip
    return JSONResponse({"error": error}, status, dict(headers or {}))


def status_of(error: errors.SensoriumError) -> int:
    """Return the status of HTTP for an error of the engine."""
    return next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 500)


def fault_response(error: Exception) -> JSONResponse:
    """Return the answer to what went wrong while a request was worked on."""
    if isinstance(error, Problem):
        return problem_response(error.status, error.code, error.message, param=error.param)
    if isinstance(error, errors.SensoriumError):
        status = status_of(error)
        if status >= 500:
            _log.warning("%s: %s", error.code, error)
        busy = isinstance(error, errors.LibraryBusy)
        message = _BUSY if busy else str(error)
        return problem_response(status, error.code, message, retryable=error.retryable)
    if isinstance(error, Overloaded):
        wait = {"Retry-After": str(error.seconds)}
        message = f"too many requests are waiting; try again in {error.seconds} s"
        return problem_response(429, "overloaded", message, retryable=True, headers=wait)
    if isinstance(error, DeadlineMissed):
        message = "it took longer than a request may; ask for less, or try again"
        return problem_response(504, "deadline", message, retryable=True)
    _log.error("unexpected error", exc_info=error)
    return problem_response(500, errors.UNEXPECTED, "an error of the server; its log has more")


def fault_document(error: Exception) -> dict[str, Any]:
    """Return what went wrong as it is told where an answer has begun: the error object."""
    document: dict[str, Any] = json.loads(bytes(fault_response(error).body))["error"]
    return document


def add_handlers(app: FastAPI) -> None:
    """Have every error of an app answered by one JSON object."""

    for kind in (Problem, errors.SensoriumError, Overloaded, DeadlineMissed, Exception):

        @app.exception_handler(kind)
        async def _(_: Request, error: Exception) -> JSONResponse:
            return fault_response(error)

    @app.exception_handler(RequestValidationError)
    async def _(_: Request, error: RequestValidationError) -> JSONResponse:
        return _invalid(error)

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> JSONResponse:
        message = str(error.detail)
        if error.status_code == 404:
            message = f"there is no {request.url.path}; /api/openapi.json lists what there is"
        code, headers = _CODES.get(error.status_code, "http_error"), error.headers or {}
        return problem_response(error.status_code, code, message, headers=headers)


def _invalid(error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    missing = (first["type"], first["loc"]) == ("missing", ("body",))
    if missing or first["type"] in ("json_invalid", "model_attributes_type"):
        # Of another Content-Type, a page of another origin could send it unasked.
        message = "the body is an object of JSON, sent with Content-Type: application/json"
        return problem_response(400, "invalid_json", message)
    place, message = first["loc"], first["msg"]
    if first["type"] in ("union_tag_not_found", "union_tag_invalid"):
        # A body of several forms, told apart by a field of this name.
        place = (*place, first["ctx"]["discriminator"].strip("'"))
        tags = first["ctx"].get("expected_tags")
        message = f"Input should be {tags}" if tags else "Field required"
    where = ".".join(str(part) for part in place if part != "body") or "body"
    return problem_response(400, "invalid_request", f"{where}: {message}", param=where)
