"""Chat completions by the route of OpenAI's clients: questions to the library, with citations."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from engine.assistant.answer import EXTRACTIVE
from engine.common.json_text import parseable
from engine.server.asking.answer_stream import AnswerStream, whole_answer
from engine.server.asking.asked_question import AskedQuestion
from engine.server.asking.cited_text import CitedText, TextCitation, count_tokens
from engine.server.asking.events import ALIVE, event
from engine.server.asking.joined_answer import JoinedAnswer
from engine.server.asking.moment_address import moment_address
from engine.server.dialects.bodies import json_object
from engine.server.dialects.chat_inputs import read_messages
from engine.server.dialects.chat_options import (
    asked_question,
    refuse,
    refuse_tools,
    stops,
    whole_number,
)
from engine.server.dialects.chat_schemas import ChatCompletionAnswer, ChatCompletionBody
from engine.server.load.admission import Admission
from engine.server.problems import Problem, fault_document
from engine.server.routes.documented import documented
from engine.server.routes.routers import ReadRouter

router = ReadRouter("assistant")


@router.post(
    "/v1/chat/completions",
    response_model=None,
    **documented(ChatCompletionBody, ChatCompletionAnswer, streams=True),
)
async def chat_completions(request: Request) -> Response:
    """Answer the last message by sentences that cite moments, as OpenAI's chats are answered."""
    body = await json_object(request)
    _check(body)
    read = read_messages(body.get("messages"), "messages")
    asked = asked_question(request, body, read)
    most = whole_number(body, "max_completion_tokens", "max_tokens")
    text = CitedText(moment_address(request), stops(body), most)
    admission: Admission = request.app.state.asking
    head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time())}
    if not body.get("stream"):
        answer = await whole_answer(asked, admission)
        return JSONResponse(parseable(_whole(head, asked, text, answer)))
    stream = AnswerStream(asked, admission)
    await stream.begin()
    options = body.get("stream_options") or {}
    chunks = _chunks(head, asked, text, stream, usage=bool(options.get("include_usage")))
    return StreamingResponse(chunks, media_type="text/event-stream")


def _check(body: Mapping[str, Any]) -> None:
    """Refuse what this dialect has and cannot be had here.

    Raises:
        Problem: 400; it is asked for.
    """
    refuse_tools(body)
    refuse(body, "logprobs", "there are none")
    refuse(body, "audio", "answers are texts; /v1/audio/speech speaks them")
    if body.get("n") not in (None, 1):
        raise Problem(400, "invalid_request", "n: there is one answer", "n")
    if body.get("modalities") not in (None, ["text"]):
        message = "modalities: answers are texts; /v1/audio/speech speaks them"
        raise Problem(400, "invalid_request", message, "modalities")
    form = body.get("response_format")
    if form and (not isinstance(form, dict) or form.get("type") != "text"):
        message = "response_format: answers are texts; /api/ask has them as JSON"
        raise Problem(400, "invalid_request", message, "response_format")
    options = body.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise Problem(400, "invalid_request", "stream_options is an object", "stream_options")


def _whole(
    head: Mapping[str, Any], asked: AskedQuestion, text: CitedText, answer: JoinedAnswer
) -> dict[str, Any]:
    text.add_whole(answer)
    message = {
        "role": "assistant", "content": text.text, "refusal": None,
        "annotations": [annotation(each) for each in text.citations],
    }  # fmt: skip
    choice = {
        "index": 0, "message": message, "finish_reason": text.reason, "logprobs": None,
    }  # fmt: skip
    return {
        **head, "object": "chat.completion", "model": answer.model, "choices": [choice],
        "usage": _usage(asked, text, answer),
    }  # fmt: skip


async def _chunks(
    head: Mapping[str, Any],
    asked: AskedQuestion,
    text: CitedText,
    stream: AnswerStream,
    *,
    usage: bool,
) -> AsyncIterator[str]:
    """Yield the chunks of an answer as it is made, and ``[DONE]`` behind them."""
    about = {**head, "object": "chat.completion.chunk"}
    begun = False

    def chunk(model: str, delta: Mapping[str, Any], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        more = {"usage": None} if usage else {}
        return event({**about, "model": model, "choices": [choice], **more})

    async for piece in stream.pieces():
        if piece is None:
            yield ALIVE
            continue
        if isinstance(piece, Exception):
            yield event({"error": fault_document(piece)})
            return
        last = isinstance(piece, JoinedAnswer)
        delta = text.finish(piece) if isinstance(piece, JoinedAnswer) else text.add(piece)
        if not begun:
            begun = True
            yield chunk(piece.model, {"role": "assistant", "content": ""})
        if delta:
            yield chunk(piece.model, {"content": delta})
        if not last or not isinstance(piece, JoinedAnswer):
            continue
        cites = [annotation(each) for each in text.citations]
        if cites:
            yield chunk(piece.model, {"annotations": cites})
        yield chunk(piece.model, {}, text.reason)
        if usage:
            last_chunk = {"choices": [], "usage": _usage(asked, text, piece)}
            yield event({**about, "model": piece.model, **last_chunk})
    yield "data: [DONE]\n\n"


def annotation(each: TextCitation) -> dict[str, Any]:
    """Return a citation as chats have it."""
    cited = {
        "url": each.url, "title": each.title, "start_index": each.begin, "end_index": each.end,
    }  # fmt: skip
    return {"type": "url_citation", "url_citation": cited}


def token_counts(asked: AskedQuestion, text: CitedText, answer: JoinedAnswer) -> tuple[int, int]:
    """Return the tokens of a question and of its answer.

    A model has counted its own; without one, words and marks are counted.
    """
    if answer.model != EXTRACTIVE and answer.spent.questions:
        return answer.spent.asked, answer.spent.answered
    return sum(map(count_tokens, [*asked.earlier, asked.text])), count_tokens(text.text)


def _usage(asked: AskedQuestion, text: CitedText, answer: JoinedAnswer) -> dict[str, int]:
    prompt, completion = token_counts(asked, text, answer)
    return {
        "prompt_tokens": prompt, "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }  # fmt: skip
