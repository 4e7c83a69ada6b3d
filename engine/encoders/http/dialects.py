"""The dialects in which embedding servers are asked, and in which they answer.

| dialect | a picture | who takes it |
|---|---|---|
| ``texts`` | not taken | OpenAI, and most servers of texts |
| ``items`` | ``input: [{"image": BASE64}]`` | Jina, SGLang, this project's own server |
| ``chat`` | ``messages: [{"content": [{"type": "image_url", ...}]}]``, one a request | vLLM |
| ``strings`` | ``input: ["data:image/jpeg;base64,..."]`` with ``modality: "image"`` | Infinity |
| ``cohere`` | ``inputs: [{"content": [...]}]`` at ``/v2/embed`` | Cohere, vLLM |
| ``gemini`` | ``parts: [{"inlineData": {...}}]`` | Gemini |

Texts go to all but the last two as OpenAI's ``input: [TEXT, ...]``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from engine.encoders.http.names import ServedModel

Row: TypeAlias = NDArray[np.float32]
_TYPES = {"image": "image/jpeg", "audio": "audio/wav"}
_COHERE_KINDS = {False: "search_document", True: "search_query"}
_JINA_TASKS = {False: "retrieval.passage", True: "retrieval.query"}
_JINA = "api.jina.ai"
_MOST = {"items": 32, "strings": 32, "chat": 1, "cohere": 96, "gemini": 100, "texts": 256}
"""Items of one request: Infinity takes 32 media, Cohere 96 items, vLLM one chat."""
_MOST_TEXTS = 96


@dataclass(frozen=True, slots=True)
class EmbeddingInput:
    """Something to embed: a text, a picture as JPEG, or a sound as WAV."""

    kind: str
    """One of ``text``, ``image`` and ``audio``."""
    content: bytes
    """The file, or the text in UTF-8."""

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def base64(self) -> str:
        return base64.b64encode(self.content).decode()

    @property
    def data_url(self) -> str:
        return f"data:{_TYPES[self.kind]};base64,{self.base64}"


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """A request: its address, and its body as JSON takes it."""

    url: str
    body: dict[str, Any]


def most_items(dialect: str, kind: str) -> int:
    """Return how many items of a kind a request may have."""
    return _MOST_TEXTS if kind == "text" and dialect != "gemini" else _MOST[dialect]


def question(
    served: ServedModel, dialect: str, items: Sequence[EmbeddingInput], *, asks: bool = False
) -> EmbeddingRequest:
    """Return the request for vectors of items, which are of one kind.

    Args:
        asks: the items are queries, and not what is to be found; some servers distinguish.
    """
    if dialect == "cohere":
        return _cohere(served, items, asks)
    if dialect == "gemini":
        return _gemini(served, items)
    body: dict[str, Any] = {"model": served.model, "encoding_format": "float"}
    if served.dim:
        body["dimensions"] = served.dim
    if urlsplit(served.url).hostname == _JINA:
        body["task"] = _JINA_TASKS[asks]
    kind = items[0].kind
    if kind == "text":
        body["input"] = [item.text for item in items]
    elif dialect == "chat":
        body["messages"] = [{"role": "user", "content": [_content(item) for item in items]}]
    elif dialect == "strings":
        body |= {"input": [item.data_url for item in items], "modality": kind}
    else:
        body["input"] = [{kind: item.base64} for item in items]
    return EmbeddingRequest(_at(served.url, "/v1", "/embeddings"), body)


def _content(item: EmbeddingInput) -> dict[str, Any]:
    """Return an item as a part of a chat."""
    if item.kind == "text":
        return {"type": "text", "text": item.text}
    if item.kind == "image":
        return {"type": "image_url", "image_url": {"url": item.data_url}}
    return {"type": "input_audio", "input_audio": {"data": item.base64, "format": "wav"}}


def _cohere(served: ServedModel, items: Sequence[EmbeddingInput], asks: bool) -> EmbeddingRequest:
    body: dict[str, Any] = {
        "model": served.model,
        "input_type": _COHERE_KINDS[asks],
        "embedding_types": ["float"],
        "inputs": [{"content": [_content(item)]} for item in items],
    }
    if served.dim:
        body["output_dimension"] = served.dim
    return EmbeddingRequest(_at(served.url, "/v2", "/embed"), body)


def _gemini(served: ServedModel, items: Sequence[EmbeddingInput]) -> EmbeddingRequest:
    """Return a request of Gemini's API, which gives one vector for each content."""
    model = f"models/{served.model.removeprefix('models/')}"
    requests: list[dict[str, Any]] = []
    for item in items:
        part: dict[str, Any] = (
            {"text": item.text}
            if item.kind == "text"
            else {"inlineData": {"mimeType": _TYPES[item.kind], "data": item.base64}}
        )
        request: dict[str, Any] = {"model": model, "content": {"parts": [part]}}
        if served.dim:
            request["outputDimensionality"] = served.dim
        requests.append(request)
    base = served.url if urlsplit(served.url).path else f"{served.url}/v1beta"
    return EmbeddingRequest(f"{base}/{model}:batchEmbedContents", {"requests": requests})


def _at(url: str, version: str, route: str) -> str:
    """Return the address of a route below what the user named: a host, a version, or itself."""
    if url.endswith(route):
        return url
    return f"{url}{route}" if urlsplit(url).path else f"{url}{version}{route}"


def read_rows(answer: Mapping[str, Any], dialect: str, count: int) -> list[Row | None]:
    """Return the vector of each item; None of one that the answer lacks.

    Where the rows have no numbers of their own and are not as many as the items, nobody can
    tell whose they are, and none is taken.

    Raises:
        ValueError: it is no such answer.
    """
    try:
        if dialect == "gemini":
            return _counted([row["values"] for row in answer["embeddings"]], count)
        if dialect == "cohere":
            return _counted(answer["embeddings"]["float"], count)
        rows: list[Row | None] = [None] * count
        for place, row in enumerate(answer["data"]):
            at = row.get("index", place)
            if not isinstance(at, int) or not 0 <= at < count:
                raise ValueError("a row of no item")
            rows[at] = _row(row["embedding"])
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"no {error}" if isinstance(error, KeyError) else str(error)) from None
    return rows


def _counted(found: Sequence[Any], count: int) -> list[Row | None]:
    return [_row(row) for row in found] if len(found) == count else [None] * count


def _row(values: Any) -> Row:
    if isinstance(values, str):
        return np.frombuffer(base64.b64decode(values), "<f4").astype(np.float32)
    # A server that computed NaN writes null, or what is no JSON.
    return np.array([np.nan if v is None else float(v) for v in values], np.float32)


def tokens_of(answer: Mapping[str, Any]) -> int:
    """Return the tokens that a server counted for an answer; 0 where it does not say."""
    places = (
        ("usage", "total_tokens"),
        ("meta", "billed_units", "input_tokens"),
        ("usageMetadata", "promptTokenCount"),
    )
    for place in places:
        value: Any = answer
        for key in place:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, int):
            return value
    return 0
