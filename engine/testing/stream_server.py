"""Answers of the Responses API, of streamed chat completions and of Gemini, as they are sent.

They are behaviours for ``engine.testing.chat_server``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from engine.testing.chat_server import Behaviour, Handler


def _send_events(handler: Handler, events: Iterable[bytes]) -> None:
    """Send server-sent events, and close the connection behind them."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    for event in events:
        handler.wfile.write(event)
        handler.wfile.flush()


def _data(value: Mapping[str, Any], name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value)}\n\n".encode()


def completes(pieces: Iterable[str], *, ends: bool = True) -> Behaviour:
    """Stream a chat completion; without ``ends`` the connection breaks off in the middle."""

    def behave(handler: Handler, _: dict[str, Any]) -> None:
        about = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "test-1"}
        chunks = (
            about | {"choices": [{"index": 0, "delta": {"content": p}, "finish_reason": None}]}
            for p in pieces
        )
        usage = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
        stop = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        last = [
            _data(about | stop), _data(about | {"choices": [], "usage": usage}),
            b"data: [DONE]\n\n",
        ]  # fmt: skip
        _send_events(handler, chain(map(_data, chunks), last if ends else []))

    return behave


def responds(pieces: Sequence[str], *, fails: bool = False) -> Behaviour:
    """Stream an answer of the Responses API; with ``fails`` it ends in an error."""

    def behave(handler: Handler, _: dict[str, Any]) -> None:
        whole = _response("failed" if fails else "completed")
        events: list[dict[str, Any]] = [
            {
                "type": "response.output_text.delta", "item_id": "m1", "output_index": 0,
                "content_index": 0, "delta": piece, "sequence_number": number, "logprobs": [],
            }
            for number, piece in enumerate(pieces, 1)
        ]  # fmt: skip
        end = {"type": f"response.{whole['status']}", "response": whole, "sequence_number": 99}
        _send_events(handler, [_data(event, event["type"]) for event in [*events, end]])

    return behave


def _response(status: str) -> dict[str, Any]:
    return {
        "id": "r1", "object": "response", "created_at": 1, "model": "test-1", "status": status,
        "output": [], "parallel_tool_calls": False, "tool_choice": "auto", "tools": [],
        "error": {"code": "server_error", "message": "no"} if status == "failed" else None,
        "usage": {
            "input_tokens": 12, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 15,
        },
    }  # fmt: skip


def generates(pieces: Sequence[str], *, ends: bool = True) -> Behaviour:
    """Stream an answer of Gemini; no pieces is a refusal. ``ends`` as for ``completes``."""

    def behave(handler: Handler, _: dict[str, Any]) -> None:
        usage = {"promptTokenCount": 12, "candidatesTokenCount": 3, "totalTokenCount": 15}
        about: dict[str, Any] = {"modelVersion": "test-1", "usageMetadata": usage}
        if not pieces:
            answers = [about | {"promptFeedback": {"blockReason": "SAFETY"}}]
        else:
            parts = [{"role": "model", "parts": [{"text": piece}]} for piece in pieces]
            candidates: list[dict[str, Any]] = [{"index": 0, "content": part} for part in parts]
            if ends:
                candidates[-1]["finishReason"] = "STOP"
            answers = [about | {"candidates": [candidate]} for candidate in candidates]
        _send_events(handler, map(_data, answers))

    return behave
