"""The OpenAPI page of routes that read their bodies as they are."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class ErrorBody(BaseModel):
    """What is wrong, in the shape of OpenAI's errors."""

    message: str = Field(examples=["input is missing"])
    type: str = Field(examples=["invalid_request_error"])
    param: str | None = None
    code: str = Field(examples=["invalid_request"])
    retryable: bool = Field(description="Whether the same request may well succeed later.")


class ErrorAnswer(BaseModel):
    """An answer that is none."""

    error: ErrorBody


def documented(
    body: type[BaseModel] | None, answer: type[BaseModel] | None, **statuses: str
) -> dict[str, Any]:
    """Return the arguments of a route that say what it takes and what it answers.

    Args:
        statuses: descriptions of answers that are errors, by ``_404``.
    """
    responses: dict[int | str, dict[str, Any]] = {
        int(name[1:]): {"description": text, "model": ErrorAnswer}
        for name, text in statuses.items()
    }
    if answer is not None:
        responses[200] = {"model": answer, "description": "Done."}
    found: dict[str, Any] = {"responses": responses}
    if body is not None:
        schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
        found["openapi_extra"] = {
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}
        }
    return found
