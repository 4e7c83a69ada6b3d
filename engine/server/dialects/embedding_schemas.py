"""Bodies and answers of the routes for embeddings, which make the OpenAPI page.

The dialects are many, and ``inputs`` reads them; these say what they have in common.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

_PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEA"
    "sw5MxwAAAABJRU5ErkJggg=="
)
Vector: TypeAlias = Annotated[
    list[float] | str, Field(description="Numbers, or base64 of little-endian float32.")
]


class ItemBody(BaseModel):
    """One item, which becomes one vector: a text, a picture, a sound, a video, or several parts."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"examples": [{"text": "a dog"}, {"image": _PICTURE}]},
    )

    text: str | None = None
    image: str | None = Field(default=None, description="A URL, a data: URL, or base64.")
    audio: str | None = Field(default=None, description="A URL, a data: URL, or base64.")
    video: str | None = Field(default=None, description="A URL, a data: URL, or base64.")
    content: str | list[dict[str, Any]] | None = Field(
        default=None,
        description="Parts as of chats: text, image_url, audio_url, video_url, input_audio.",
    )


class EmbeddingsBody(BaseModel):
    """A request to /v1/embeddings; it has `input` or `messages`."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {"model": "compact-multilingual", "input": ["a dog", "a red car"]},
                {"input": [_PICTURE], "modality": "image", "encoding_format": "base64"},
                {"input": [{"image": _PICTURE}, {"text": "a dog"}]},
            ]
        },
    )

    model: str | None = Field(default=None, description="An encoder; none for the first library's.")
    input: str | list[str | ItemBody] | None = None
    messages: list[dict[str, Any]] | None = Field(
        default=None, description="A chat, as vLLM takes it; it becomes one vector."
    )
    modality: Literal["text", "image", "audio", "video"] = Field(
        default="text", description="What strings of `input` are."
    )
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(default=None, description="Those of the model, or none.")


class EmbeddingRow(BaseModel):
    """One vector."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: Vector


class TokenUsage(BaseModel):
    """Words of all texts, which stand for tokens."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsAnswer(BaseModel):
    """The vectors, in the order of the items."""

    object: Literal["list"] = "list"
    data: list[EmbeddingRow]
    model: str
    usage: TokenUsage
    id: str
    created: int


class ModelRow(BaseModel):
    """One encoder."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelsAnswer(BaseModel):
    """The encoders of the libraries."""

    object: Literal["list"] = "list"
    data: list[ModelRow]


class CohereEmbedBody(BaseModel):
    """A request of Cohere's clients; it has one of `texts`, `images` and `inputs`."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "model": "compact-multilingual",
                    "texts": ["a dog"],
                    "input_type": "search_query",
                    "embedding_types": ["float"],
                }
            ]
        },
    )

    model: str | None = None
    texts: list[str] | None = None
    images: list[str] | None = Field(default=None, description="data: URLs.")
    inputs: list[ItemBody] | None = None
    input_type: str | None = None
    embedding_types: list[Literal["float", "base64"]] | None = None
    output_dimension: int | None = None


class CohereEmbedAnswer(BaseModel):
    """The vectors by type."""

    id: str
    embeddings: dict[Literal["float", "base64"], list[Vector]]
    texts: list[str]
    response_type: Literal["embeddings_by_type"]
    meta: dict[str, Any]
