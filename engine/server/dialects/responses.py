"""The Responses API of OpenAI's clients: questions to the library, with typed events."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import count
from typing import Any

from fastapi import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from engine.assistant.answer import EXTRACTIVE
from engine.common.json_text import parseable
from engine.server.asking.answer_stream import AnswerStream, whole_answer
from engine.server.asking.asked_question import AskedQuestion
from engine.server.asking.cited_text import CitedText, TextCitation
from engine.server.asking.events import ALIVE, event
from engine.server.asking.joined_answer import JoinedAnswer
from engine.server.asking.moment_address import moment_address
from engine.server.dialects.bodies import json_object
from engine.server.dialects.chat_completions import token_counts
from engine.server.dialects.chat_inputs import read_messages
from engine.server.dialects.chat_options import (
    asked_question,
    refuse,
    refuse_tools,
    whole_number,
)
from engine.server.dialects.responses_schemas import ResponsesAnswer, ResponsesBody
from engine.server.load.admission import Admission
from engine.server.problems import Problem, fault_document
from engine.server.routes.documented import documented
from engine.server.routes.routers import ReadRouter

router = ReadRouter("assistant")
_KEPT = "answers are not kept here: send the earlier messages in input"


@router.post(
    "/v1/responses",
    response_model=None,
    **documented(ResponsesBody, ResponsesAnswer, streams=True),
)
async def responses(request: Request) -> Response:
    """Answer a question by sentences that cite moments, as OpenAI's Responses API answers."""
    body = await json_object(request)
    _check(body)
    read = read_messages(body.get("input"), "input")
    asked = asked_question(request, body, read)
    text = CitedText(moment_address(request), most_tokens=whole_number(body, "max_output_tokens"))
    draft, admission = _Draft(asked, text), request.app.state.asking
    return await _answered(draft, admission, stream=bool(body.get("stream")))


async def _answered(draft: _Draft, admission: Admission, *, stream: bool) -> Response:
    if not stream:
        answer = await whole_answer(draft.asked, admission)
        draft.text.add_whole(answer)
        return JSONResponse(parseable(draft.document(answer)))
    answers = AnswerStream(draft.asked, admission)
    await answers.begin()
    return StreamingResponse(_events(draft, answers), media_type="text/event-stream")


def _check(body: Mapping[str, Any]) -> None:
    """Refuse what this dialect has and cannot be had here.

    Raises:
        Problem: 400; it is asked for.
    """
    refuse_tools(body)
    refuse(body, "previous_response_id", _KEPT)
    refuse(body, "conversation", _KEPT)
    refuse(body, "background", "answers are made while one waits; stream has them as they come")
    refuse(body, "prompt", "no prompts are kept here: send the question in input")
    refuse(body, "top_logprobs", "there are none")
    included = body.get("include")
    if isinstance(included, list) and "message.output_text.logprobs" in included:
        raise Problem(400, "invalid_request", "include: there are no logprobs", "include")
    form = body.get("text")
    kind = form.get("format") if isinstance(form, dict) else None
    if kind and (not isinstance(kind, dict) or kind.get("type") != "text"):
        message = "text.format: answers are texts; /api/ask has them as JSON"
        raise Problem(400, "invalid_request", message, "text.format")


class _Draft:
    """A response that is being made."""

    def __init__(self, asked: AskedQuestion, text: CitedText) -> None:
        self.asked, self.text = asked, text
        self.id, self.message = f"resp_{uuid.uuid4().hex}", f"msg_{uuid.uuid4().hex}"
        self._created = float(int(time.time()))

    def part(self) -> dict[str, Any]:
        """Return the text so far, with its citations."""
        cites = [_annotation(each) for each in self.text.citations]
        return {"type": "output_text", "text": self.text.text, "annotations": cites, "logprobs": []}

    def item(self, status: str) -> dict[str, Any]:
        """Return the message; it is empty while it is in progress."""
        content = [] if status == "in_progress" else [self.part()]
        return {
            "id": self.message, "type": "message", "role": "assistant", "status": status,
            "content": content,
        }  # fmt: skip

    @property
    def status(self) -> str:
        """``completed``, or ``incomplete`` where it was cut."""
        return "incomplete" if self.text.reason == "length" else "completed"

    def document(self, answer: JoinedAnswer | None, model: str = EXTRACTIVE) -> dict[str, Any]:
        """Return the response; without an answer as it is while it is made."""
        status = "in_progress" if answer is None else self.status
        cut = {"reason": "max_output_tokens"} if status == "incomplete" else None
        return {
            "id": self.id, "object": "response", "created_at": self._created, "status": status,
            "model": model if answer is None else answer.model, "error": None,
            "incomplete_details": cut, "instructions": None, "metadata": {},
            "output": [] if answer is None else [self.item(status)],
            "parallel_tool_calls": False, "previous_response_id": None, "store": False,
            "temperature": None, "text": {"format": {"type": "text"}}, "tool_choice": "none",
            "tools": [], "top_p": None, "truncation": "disabled",
            "usage": None if answer is None else self._usage(answer),
        }  # fmt: skip

    def failed(self, error: Exception) -> dict[str, Any]:
        """Return the response as one that failed."""
        fault = fault_document(error)
        reason = {"code": "server_error", "message": fault["message"]}
        return {**self.document(None), "status": "failed", "error": reason}

    def _usage(self, answer: JoinedAnswer) -> dict[str, Any]:
        asked, answered = token_counts(self.asked, self.text, answer)
        return {
            "input_tokens": asked, "output_tokens": answered, "total_tokens": asked + answered,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }  # fmt: skip


async def _events(draft: _Draft, stream: AnswerStream) -> AsyncIterator[str]:
    """Yield the typed events of an answer as it is made."""
    numbers, begun = count(), False
    place = {"item_id": draft.message, "output_index": 0, "content_index": 0}

    def typed(kind: str, **data: Any) -> str:
        number = next(numbers)
        return event(
            {"type": f"response.{kind}", "sequence_number": number, **data}, f"response.{kind}"
        )

    async for piece in stream.pieces():
        if piece is None:
            yield ALIVE
            continue
        if isinstance(piece, Exception):
            yield typed("failed", response=draft.failed(piece))
            return
        if not begun:
            begun = True
            started = draft.document(None, piece.model)
            yield typed("created", response=started)
            yield typed("in_progress", response=started)
            yield typed("output_item.added", output_index=0, item=draft.item("in_progress"))
            empty = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            yield typed("content_part.added", **place, part=empty)
        if not isinstance(piece, JoinedAnswer):
            if delta := draft.text.add(piece):
                yield typed("output_text.delta", **place, delta=delta, logprobs=[])
            continue
        if delta := draft.text.finish(piece):
            yield typed("output_text.delta", **place, delta=delta, logprobs=[])
        for each in _endings(draft, piece, place):
            yield typed(each.pop("kind"), **each)


def _endings(
    draft: _Draft, answer: JoinedAnswer, place: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the events after the last word."""
    for number, each in enumerate(draft.text.citations):
        yield {
            "kind": "output_text.annotation.added", **place, "annotation_index": number,
            "annotation": _annotation(each),
        }  # fmt: skip
    yield {"kind": "output_text.done", **place, "text": draft.text.text, "logprobs": []}
    yield {"kind": "content_part.done", **place, "part": draft.part()}
    yield {"kind": "output_item.done", "output_index": 0, "item": draft.item(draft.status)}
    yield {"kind": draft.status, "response": draft.document(answer)}


def _annotation(each: TextCitation) -> dict[str, Any]:
    return {
        "type": "url_citation", "url": each.url, "title": each.title, "start_index": each.begin,
        "end_index": each.end,
    }  # fmt: skip
