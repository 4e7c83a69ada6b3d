"""Bodies and answers of the Responses API, which make the OpenAPI page."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.server.dialects.chat_schemas import LibraryChoice, UrlCitation


class ResponsesBody(LibraryChoice):
    """A request to /v1/responses."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {"model": "any", "input": "what did the doctor say?"},
                {
                    "input": [
                        {
                            "role": "user",
                            "content": [
                                {"type": "input_text", "text": "describe this picture"},
                                {
                                    "type": "input_image",
                                    "image_url": "https://example.org/bear.jpg",
                                },
                            ],
                        }
                    ]
                },
            ]
        },
    )

    model: str | None = Field(
        default=None, description="Any name: the answer says in `model` what answered."
    )
    input: str | list[dict[str, Any]] = Field(
        description="The question; or messages, the last of which is the question."
    )
    stream: bool = False
    max_output_tokens: int | None = Field(default=None, description="Words and marks.")
    tools: list[dict[str, Any]] | None = Field(default=None, description="They are never called.")


class OutputAnnotation(UrlCitation):
    """A cited moment."""

    type: Literal["url_citation"]


class OutputText(BaseModel):
    """The text of an answer."""

    type: Literal["output_text"]
    text: str
    annotations: list[OutputAnnotation]


class OutputMessage(BaseModel):
    """The answer."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    status: Literal["completed", "incomplete"]
    content: list[OutputText]


class ResponsesUsage(BaseModel):
    """Tokens of the model that answered; without one, words and marks."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


class ResponsesAnswer(BaseModel):
    """A response."""

    id: str
    object: Literal["response"]
    created_at: float
    status: Literal["completed", "incomplete"]
    model: str
    output: list[OutputMessage]
    usage: ResponsesUsage
