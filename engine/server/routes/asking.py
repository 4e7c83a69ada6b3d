"""The route that answers questions: sentences that cite moments, whole or as they are made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from engine.server.access.media_access import asset_of
from engine.server.asking.answer_stream import AnswerStream, whole_answer
from engine.server.asking.asked_question import AskedQuestion
from engine.server.asking.events import ALIVE, event
from engine.server.asking.joined_answer import AnsweredSentence, JoinedAnswer, LibraryCitation
from engine.server.asking.moment_address import moment_path
from engine.server.load.admission import Admission
from engine.server.problems import fault_document
from engine.server.routes.ask_schemas import AskAnswer, AskRequest
from engine.server.routes.context import (
    admission_of,
    json_answer,
    media_at,
    shelf_of,
    thumbnail_at,
)
from engine.server.routes.routers import ReadRouter

router = ReadRouter("assistant", "/api")
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["sentence", "end", "fault"]},
        "data": {"type": "string", "description": "JSON."},
    },
}


@router.post(
    "/ask", response_model=AskAnswer,
    responses={
        200: {
            "description": "The answer; with `stream` events `sentence`, each with the moments that"
            " are cited for the first time, and at last `end` with all of it, or `fault`.",
            "content": {"text/event-stream": {"schema": _EVENT}},
        }
    },
)  # fmt: skip
async def ask(request: Request, body: AskRequest) -> Response:
    """Answer a question by sentences that cite moments; several libraries answer in turn."""
    asked = await _asked(request, body)
    admission: Admission = request.app.state.asking
    if not body.stream:
        answer = await whole_answer(asked, admission)
        return json_answer(_document(body, answer))
    stream = AnswerStream(asked, admission)
    await stream.begin()
    return StreamingResponse(_events(body, stream), media_type="text/event-stream")


async def _asked(request: Request, body: AskRequest) -> AskedQuestion:
    shelf = shelf_of(request)
    paths: tuple[str, ...] = ()
    if body.about is None:
        libraries = shelf.libraries(body.libraries)
    else:
        about = body.about
        libraries = shelf.libraries([about.library])
        ((_, library),) = libraries
        asset = await admission_of(request).run(lambda: asset_of(library, about.asset))
        paths = (asset.path,)
    return AskedQuestion(
        body.question, libraries, request.app.state.conversations, tuple(body.where),
        earlier=tuple(body.earlier), about=paths, seconds=body.seconds,
    )  # fmt: skip


async def _events(body: AskRequest, stream: AnswerStream) -> AsyncIterator[str]:
    async for piece in stream.pieces():
        if piece is None:
            yield ALIVE
        elif isinstance(piece, Exception):
            yield event(fault_document(piece), "fault")
        elif isinstance(piece, AnsweredSentence):
            sentence = {
                "text": piece.sentence.text, "cites": [*piece.sentence.cites],
                "citations": [citation_document(each) for each in piece.citations],
            }  # fmt: skip
            yield event(sentence, "sentence")
        else:
            yield event(_document(body, piece), "end")


def _document(body: AskRequest, answer: JoinedAnswer) -> dict[str, Any]:
    document: dict[str, Any] = {
        "question": body.question, "found": answer.found, "text": answer.text,
        "sentences": [{"text": s.text, "cites": [*s.cites]} for s in answer.sentences],
        "citations": [citation_document(each) for each in answer.citations],
        "nearest": [citation_document(each) for each in answer.nearest],
        "model": answer.model, "notes": [*answer.notes],
    }  # fmt: skip
    if body.explain:
        document["records"] = {name: each.to_dict() for name, each in answer.answers}
        document["explained"] = {name: each.explain() for name, each in answer.answers}
    return document


def citation_document(citation: LibraryCitation) -> dict[str, Any]:
    """Return a cited moment, with where it can be seen."""
    passage, library = citation.passage, citation.library
    return {
        "number": citation.number, "title": passage.where, "url": moment_path(citation),
        "library": library, **passage.to_dict(),
        "thumbnail": thumbnail_at(library, passage.moment_id) if passage.moment_id else None,
        "media": media_at(library, passage.asset_id),
    }  # fmt: skip
