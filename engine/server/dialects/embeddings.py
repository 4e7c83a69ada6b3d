"""Embeddings by the routes of OpenAI and Cohere, of texts, pictures, sounds and videos."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from fastapi import Request
from starlette.responses import JSONResponse

from engine.assistant.answer import EXTRACTIVE
from engine.errors import SensoriumError
from engine.library.facade import Library
from engine.server.dialects.bodies import json_object
from engine.server.dialects.embedding_schemas import (
    CohereEmbedAnswer,
    CohereEmbedBody,
    EmbeddingsAnswer,
    EmbeddingsBody,
    ModelRow,
    ModelsAnswer,
)
from engine.server.dialects.inputs import (
    COHERE_LISTS,
    Item,
    MediaInput,
    Part,
    TextInput,
    parts_of,
    read_cohere,
    read_input,
)
from engine.server.load.encoding import Encoding
from engine.server.problems import Problem
from engine.server.routes.documented import documented
from engine.server.routes.routers import ReadRouter
from engine.server.routes.unreadable import unreadable
from engine.types.arrays import Vectors

router = ReadRouter("embeddings")
_SHOWN = 5
"""Items that a message of faults names."""


@router.get("/v1/models", **documented(None, ModelsAnswer))
async def models(request: Request) -> JSONResponse:
    """List the encoders of the libraries, by which requests choose one, and what writes answers.

    Answers are written by the chats of the settings, whatever model a request names; and quoted
    where there is none, or where it fails.
    """
    return JSONResponse({"object": "list", "data": _listed(request)})


@router.get("/v1/models/{model:path}", **documented(None, ModelRow))
async def model(request: Request, model: str) -> JSONResponse:
    """Return one of the models that `/v1/models` lists."""
    rows = {row["id"]: row for row in _listed(request)}
    if model not in rows:
        raise _no_model(model, rows)
    return JSONResponse(rows[model])


def _listed(request: Request) -> list[dict[str, Any]]:
    libraries = [library for _, library in request.app.state.shelf]
    names = dict.fromkeys(library.encoder for library in libraries)
    for library in libraries:
        chats = (library.settings.answer_model, library.settings.vision_model, EXTRACTIVE)
        names.update(dict.fromkeys(filter(None, chats)))
    return [
        {"id": name, "object": "model", "created": 0, "owned_by": "sensorium"} for name in names
    ]


def _no_model(asked: object, there: Iterable[str]) -> Problem:
    message = f"there is no model {asked!r}; there is {', '.join(dict.fromkeys(there))}"
    return Problem(404, "model_not_found", message, "model")


@router.post("/v1/embeddings", **documented(EmbeddingsBody, EmbeddingsAnswer))
async def openai_embeddings(request: Request) -> JSONResponse:
    """Embed texts, pictures, sounds and videos, in the dialects of OpenAI, Infinity, Jina, vLLM."""
    body = await json_object(request)
    library, coding = library_of(request, body), body.get("encoding_format", "float")
    if coding not in ("float", "base64"):
        raise Problem(
            400, "invalid_request", "encoding_format is float or base64", "encoding_format"
        )
    items = read_input(body)
    rows = await embed_items(request, library, items)
    _check_dim(rows, body.get("dimensions"), "dimensions")
    coded = [_base64(row) if coding == "base64" else row.tolist() for row in rows]
    data = [{"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(coded)]
    tokens = _words(items)
    return JSONResponse(
        {
            "object": "list", "data": data, "model": library.encoder,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            "id": uuid.uuid4().hex, "created": int(time.time()),
        }
    )  # fmt: skip


@router.post("/v2/embed", **documented(CohereEmbedBody, CohereEmbedAnswer))
async def cohere_embed(request: Request) -> JSONResponse:
    """Embed texts and pictures as Cohere's clients ask for it."""
    body = await json_object(request)
    library, types = library_of(request, body), body.get("embedding_types") or ["float"]
    if not isinstance(types, list) or not set(map(str, types)) <= {"float", "base64"}:
        message = "embedding_types has float and base64; others are not made here"
        raise Problem(400, "invalid_request", message, "embedding_types")
    items = read_cohere(body)
    name = next(name for name in COHERE_LISTS if body.get(name) is not None)
    rows = await embed_items(request, library, items, name)
    _check_dim(rows, body.get("output_dimension"), "output_dimension")
    made = {"float": rows.tolist, "base64": lambda: [_base64(row) for row in rows]}
    return JSONResponse(
        {
            "id": str(uuid.uuid4()), "embeddings": {kind: made[kind]() for kind in types},
            "texts": body.get("texts") or [], "response_type": "embeddings_by_type",
            "meta": {"api_version": {"version": "2"}},
        }
    )  # fmt: skip


def library_of(request: Request, body: Mapping[str, Any]) -> Library:
    """Return a library whose encoder is the model that is asked for; without one, the first.

    Raises:
        Problem: 404; none has it.
    """
    asked = body.get("model")
    for _, library in request.app.state.shelf:
        if asked in (None, "", library.encoder):
            found: Library = library
            return found
    raise _no_model(asked, (library.encoder for _, library in request.app.state.shelf))


async def embed_items(
    request: Request, library: Library, items: Sequence[Item], name: str = "input"
) -> Vectors:
    """Return a vector for each item, (n, dim); that of several parts is their mean direction.

    Args:
        name: the list of the request that has the items.

    Raises:
        Problem: an item cannot be read; the message has the places of all such.
    """
    encoding: Encoding = request.app.state.encoding
    parts = parts_of(items)
    found = dict(zip(parts, await encoding.of(library).embed(parts), strict=True))
    rows: dict[Part, Vectors] = {}
    faults: dict[Part, BaseException] = {}
    for part, row in found.items():
        if isinstance(row, BaseException):
            faults[part] = row
        else:
            rows[part] = row
    if faults:
        raise _fault(items, faults, name)
    return np.stack([_direction([rows[part] for part in item]) for item in items])


def _fault(items: Sequence[Item], faults: Mapping[Part, BaseException], name: str) -> BaseException:
    """Return what is wrong with items, which names each: of others nothing is wrong."""
    for error in faults.values():
        if not isinstance(error, SensoriumError):
            return error  # the server's own, such as a deadline
    lines = [
        f"item {place}: {_reason(part, faults[part])}"
        for place, item in enumerate(items)
        for part in item
        if part in faults
    ]
    first = next(place for place, item in enumerate(items) if not faults.keys().isdisjoint(item))
    error = next(faults[part] for part in items[first] if part in faults)
    assert isinstance(error, SensoriumError)
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return unreadable(error, "; ".join([*lines[:_SHOWN], *more]), f"{name}[{first}]")


def _reason(part: Part, error: BaseException) -> str:
    reason = str(error).partition(": ")[2] or str(error)
    kind = part.kind if isinstance(part, MediaInput) else "text"
    return f"the {kind} cannot be read: {reason}"


def _direction(rows: list[Vectors]) -> Vectors:
    if len(rows) == 1:
        return rows[0]
    mean = np.mean(rows, axis=0)
    unit: Vectors = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    return unit


def _check_dim(rows: Vectors, asked: object, param: str) -> None:
    """Refuse another dimension than the model has: its vectors cannot be cut."""
    if asked is not None and asked != rows.shape[1]:
        message = f"the model has {rows.shape[1]} dimensions, and no others"
        raise Problem(400, "invalid_request", message, param)


def _base64(row: Vectors) -> str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode()


def _words(items: list[Item]) -> int:
    """Count the words of all texts, which stands for tokens where clients add them up."""
    texts = [part.text for item in items for part in item if isinstance(part, TextInput)]
    return sum(len(text.split()) for text in texts)
