"""Bodies and answers of chat completions, which make the OpenAPI page."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class LibraryChoice(BaseModel):
    """The libraries that are asked, beside what the dialect knows."""

    libraries: list[str] = Field(default=[], description="Names of libraries; none for all.")
    where: list[str] = Field(default=[], description="Filters that all have to be true.")


class ChatCompletionBody(LibraryChoice):
    """A request to /v1/chat/completions."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "model": "any",
                    "messages": [{"role": "user", "content": "what did the doctor say?"}],
                },
                {
                    "model": "gpt-4-vision-preview",
                    "messages": [
                        {
                            "role": "user",
                            "content": [
                                {"type": "text", "text": "描述这张图片"},
                                {
                                    "type": "image_url",
                                    "image_url": {"url": "https://example.org/bear.jpg"},
                                },
                            ],
                        }
                    ],
                },
            ]
        },
    )

    model: str | None = Field(
        default=None, description="Any name: the answer says in `model` what answered."
    )
    messages: list[dict[str, Any]] = Field(
        description="The last is the question; parts are text, image_url and input_audio."
    )
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    max_tokens: int | None = Field(default=None, description="Words and marks of the answer.")
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    tools: list[dict[str, Any]] | None = Field(default=None, description="They are never called.")
    tool_choice: str | None = Field(default=None, description="auto or none.")


class UrlCitation(BaseModel):
    """A cited moment; start and end count characters of the text, around its number."""

    url: str = Field(description="Where the page of this server opens the moment.")
    title: str = Field(description="The path of the file, with the time.")
    start_index: int
    end_index: int


class CitationAnnotation(BaseModel):
    """A citation."""

    type: Literal["url_citation"]
    url_citation: UrlCitation


class CompletionMessage(BaseModel):
    """The answer: sentences with numbers, a line for each cited moment, and notes."""

    role: Literal["assistant"]
    content: str
    refusal: None = None
    annotations: list[CitationAnnotation]


class CompletionChoice(BaseModel):
    """The one answer."""

    index: int
    message: CompletionMessage
    finish_reason: Literal["stop", "length"]
    logprobs: None = None


class CompletionUsage(BaseModel):
    """Tokens of the model that answered; without one, words and marks."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletionAnswer(BaseModel):
    """A chat completion."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str = Field(description="The model that answered; `extractive` for none.")
    choices: list[CompletionChoice]
    usage: CompletionUsage
