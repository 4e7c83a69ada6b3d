"""Options of chats that both of OpenAI's dialects have, and what of them cannot be had here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from engine.server.asking.asked_question import AskedQuestion
from engine.server.dialects.chat_inputs import ReadMessages
from engine.server.problems import Problem
from engine.server.routes.context import shelf_of

_MOST_STOPS, _LONGEST_STOP = 4, 200
_CHOICES = ("auto", "none")


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """The texts before which an answer ends, and the words and marks that it may have."""

    stop: tuple[str, ...] = ()
    most_tokens: int | None = None


def asked_question(request: Request, body: Mapping[str, Any], read: ReadMessages) -> AskedQuestion:
    """Return the question of a request; ``libraries`` and ``where`` are beside the dialect.

    Raises:
        Problem: 400 or 404; they are no lists of strings, or there is no such library.
    """
    chosen = shelf_of(request).libraries(_strings(body, "libraries"))
    return AskedQuestion(
        read.text, chosen, request.app.state.conversations,
        where=tuple(_strings(body, "where")), files=read.files, earlier=read.earlier,
    )  # fmt: skip


def refuse_tools(body: Mapping[str, Any]) -> None:
    """Refuse tools that have to be called: those that may be are never called.

    Raises:
        Problem: 400; ``tool_choice`` wants a call.
    """
    for name in ("tool_choice", "function_call"):
        if body.get(name) is not None and body[name] not in _CHOICES:
            message = f"no tools are called here: {name} is auto or none"
            raise Problem(400, "invalid_request", message, name)


def refuse(body: Mapping[str, Any], name: str, message: str) -> None:
    """Refuse an option where it is set.

    Raises:
        Problem: 400; it is.
    """
    if body.get(name):
        raise Problem(400, "invalid_request", f"{name}: {message}", name)


def whole_number(body: Mapping[str, Any], *names: str) -> int | None:
    """Return the first of some options that is set, a number from 1.

    Raises:
        Problem: 400; it is none.
    """
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise Problem(400, "invalid_request", f"{name} is a number from 1", name)
        return value
    return None


def stops(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the texts before which an answer ends.

    Raises:
        Problem: 400; they are none.
    """
    value = body.get("stop")
    found = [value] if isinstance(value, str) else value or []
    fine = isinstance(found, list) and len(found) <= _MOST_STOPS
    if not fine or not all(isinstance(s, str) and 0 < len(s) <= _LONGEST_STOP for s in found):
        message = f"stop is a text, or {_MOST_STOPS} of {_LONGEST_STOP} characters at most"
        raise Problem(400, "invalid_request", message, "stop")
    return tuple(found)


def _strings(body: Mapping[str, Any], name: str) -> list[str]:
    value = body.get(name) or []
    if not isinstance(value, list) or len(value) > 32 or not all(isinstance(v, str) for v in value):
        raise Problem(400, "invalid_request", f"{name} is a list of 32 strings at most", name)
    return value
