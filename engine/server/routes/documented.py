"""The OpenAPI page of routes that read their bodies as they are."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class ErrorBody(BaseModel):
    """The description of an error, in the shape of OpenAI's errors."""

    message: str = Field(examples=["input is missing"])
    type: str = Field(examples=["invalid_request_error"])
    param: str | None = None
    code: str = Field(examples=["invalid_request"])
    retryable: bool = Field(description="Whether the same request may well succeed later.")


class ErrorAnswer(BaseModel):
    """An answer that is none."""

    error: ErrorBody


_SHAPE: dict[str, Any] = {
    "application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}
}
# By its name: as a model it is built anew for each answer of each route, 0.3 s at a first request.


def fault(description: str) -> dict[str, Any]:
    """Return the description of an answer that is an error."""
    return {"description": description, "content": _SHAPE}


COMMON: dict[int | str, dict[str, Any]] = {
    status: fault(description)
    for status, description in {
        400: "The request is not as this page describes it.",
        401: "A token is needed, and there is none or another.",
        403: "The token may not do this, or the page that asks is of another origin.",
        404: "There is no such library, file or moment.",
        408: "The request did not arrive in time.",
        409: "The library is being written to, or a file has changed since it was indexed.",
        413: "The body or a medium in it is too large.",
        415: "The body is packed, or no medium that is read here.",
        421: "The server is not known by this Host.",
        422: "A medium cannot be read.",
        429: "Too many requests; Retry-After has the seconds.",
        501: "What is needed for this is not installed.",
        503: "The library cannot be used now.",
        504: "It took longer than a request may.",
    }.items()
}
"""Answers of every route."""
# One is a model, so that the page describes the shape of all.
COMMON[500] = {"description": "An error of the server, in its log.", "model": ErrorAnswer}


def documented(
    body: type[BaseModel] | None, answer: type[BaseModel], *, streams: bool = False
) -> dict[str, Any]:
    """Return the arguments of a route that say what it takes and what it answers.

    Args:
        streams: whether it answers by server-sent events, too, where it is asked to.
    """
    done: dict[str, Any] = {"model": answer, "description": "Done."}
    if streams:
        done["content"] = {"text/event-stream": {}}
    found: dict[str, Any] = {"responses": {200: done}}
    if body is not None:
        schema = _inlined(body.model_json_schema())
        found["openapi_extra"] = {
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}
        }
    return found


def _inlined(schema: dict[str, Any]) -> Any:
    """Return a schema with its definitions in the places of their names."""
    definitions = schema.pop("$defs", {})

    def whole(part: Any) -> Any:
        if isinstance(part, list):
            return [whole(inner) for inner in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return whole(definitions[part["$ref"].rpartition("/")[2]])
        return {name: whole(inner) for name, inner in part.items()}

    return whole(schema)
