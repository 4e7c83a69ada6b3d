"""Reranking in the shapes of Jina, Cohere and vLLM: texts, pictures, and moments of a library."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.responses import JSONResponse

from engine.common.progress import CancelToken
from engine.errors import InvalidQuery
from engine.library.facade import Library
from engine.server.dialects.bodies import json_object
from engine.server.dialects.embeddings import library_of
from engine.server.dialects.inputs import MediaInput, Part, TextInput, read_document
from engine.server.dialects.rerank_schemas import RerankAnswer, RerankBody
from engine.server.problems import Problem
from engine.server.routes.documented import documented
from engine.server.routes.routers import ReadRouter
from engine.server.routes.unreadable import unreadable
from engine.types import PartKind, QueryPart

if TYPE_CHECKING:
    from engine.query.rerank.relevance import DocumentRelevance

router = ReadRouter("embeddings")
_MOST = 1000
"""Documents of one request, as many as Cohere recommends at most."""
_DOCUMENTED: dict[str, Any] = documented(RerankBody, RerankAnswer)


@router.post("/v1/rerank", **_DOCUMENTED)
@router.post("/v2/rerank", **_DOCUMENTED)
@router.post("/rerank", **_DOCUMENTED)
async def rerank(request: Request) -> JSONResponse:
    """Put documents in the order of how probably they answer a query, in [0, 1]."""
    body = await json_object(request)
    library = _library(request, body)
    query = _query(body.get("query"))
    documents, top = _documents(body), _top(body.get("top_n"))
    for name in ("raw_scores", "relevant_spans"):
        if body.get(name):
            raise Problem(400, "invalid_request", f"{name} cannot be had here", name)
    given, cancel = [_given(document) for document in documents], CancelToken()
    found = await request.app.state.admission.run(
        lambda: _reranked(library, query, given, top, cancel), cancel
    )
    results: list[dict[str, Any]] = [
        {"index": relevance.index, "relevance_score": round(relevance.score, 6)}
        for relevance in found
    ]
    if body.get("return_documents"):
        for row in results:
            row["document"] = _shown(body["documents"][row["index"]])
    words = sum(len(d.text.split()) for d in documents if isinstance(d, TextInput))
    tokens = words + len(query.split())
    return JSONResponse(
        {
            "id": str(uuid.uuid4()), "object": "rerank", "model": library.encoder,
            "results": results, "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}},
        }
    )  # fmt: skip


def _library(request: Request, body: Mapping[str, Any]) -> Library:
    name = body.get("library")
    if name is None:
        return library_of(request, body)
    if not isinstance(name, str):
        raise Problem(400, "invalid_request", "library is the name of a library", "library")
    found: Library = request.app.state.shelf.library(name)
    return found


def _query(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("text")
    if not isinstance(value, str) or not value.strip():
        raise Problem(400, "invalid_request", "query is a text", "query")
    return value


def _top(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise Problem(400, "invalid_request", "top_n is a number from 1", "top_n")
    return value


def _documents(body: Mapping[str, Any]) -> list[Part | int]:
    given = body.get("documents")
    if isinstance(given, dict):  # vLLM's: one list of parts
        given = given.get("content")
    if not isinstance(given, list) or not given:
        message = "documents is a list of texts, or of objects with text, image or moment"
        raise Problem(400, "invalid_request", message, "documents")
    if len(given) > _MOST:
        message = f"a request may have {_MOST} documents, and this has {len(given)}"
        raise Problem(400, "invalid_request", message, "documents")
    fields = body.get("rank_fields")
    if fields is not None:
        given = [_joined(value, fields) for value in given]
    return [read_document(value, f"documents[{at}]") for at, value in enumerate(given)]


def _joined(document: object, fields: object) -> object:
    """Return a document of Cohere's first API as the text of the fields that are to be read."""
    if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
        raise Problem(400, "invalid_request", "rank_fields is a list of names", "rank_fields")
    if not isinstance(document, dict):
        return document
    return "\n".join(str(document[name]) for name in fields if document.get(name) is not None)


def _given(document: Part | int) -> str | int | bytes | QueryPart:
    if isinstance(document, MediaInput):
        return document.content or QueryPart(document.url or "", PartKind.FILE)
    return document.text if isinstance(document, TextInput) else document


def _reranked(
    library: Library,
    query: str,
    documents: list[str | int | bytes | QueryPart],
    top: int | None,
    cancel: CancelToken,
) -> list[DocumentRelevance]:
    try:
        return library.rerank(query, documents, top=top, cancel=cancel)
    except InvalidQuery as error:
        (place,) = error.arguments or ("documents",)
        raise unreadable(error, str(error), place) from error


def _shown(document: object) -> object:
    return {"text": document} if isinstance(document, str) else document
