"""Streamed chat completions, read as their bytes come."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from engine.errors import ChatFailed
from engine.generate.chat import Reply, Usage

_DATA = b"data:"
_DONE = b"[DONE]"


class ChatChunks:
    """Reads the server-sent events of one answer.

    Args:
        model: the model that was asked, where the server names none.
        on_text: called with each piece of the answer.
    """

    def __init__(self, model: str, on_text: Callable[[str], None]) -> None:
        self._model, self._on_text = model, on_text
        self._rest = b""
        self._texts: list[str] = []
        self._used = Usage()
        self._ended = False
        self.begun = False
        """True once an event has come; a server that does not stream sends none."""

    def add(self, content: bytes) -> None:
        """Read a part of the body.

        Raises:
            ChatFailed: the server tells of an error, or an event is none of a chat.
        """
        *lines, self._rest = (self._rest + content).split(b"\n")
        for line in lines:
            if line.startswith(_DATA):
                self.begun = True
                self._event(line[len(_DATA) :].strip())

    def reply(self) -> Reply:
        """Return the whole answer.

        Raises:
            ChatFailed: it broke off.
        """
        if not self._ended:
            raise ChatFailed("the connection broke off within the answer")
        return Reply("".join(self._texts), self._model, self._used)

    def _event(self, data: bytes) -> None:
        if data == _DONE:
            self._ended = True
            return
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError):
            chunk = None
        if not isinstance(chunk, dict) or "error" in chunk:
            raise ChatFailed("the server answered with something that is no chat")
        if isinstance(chunk.get("model"), str) and chunk["model"]:
            self._model = chunk["model"]
        if chunk.get("usage"):
            self._used = used_tokens(chunk)
        for choice in chunk.get("choices") or ():
            self._choice(choice if isinstance(choice, dict) else {})

    def _choice(self, choice: Mapping[str, Any]) -> None:
        delta = choice.get("delta")
        text = delta.get("content") if isinstance(delta, dict) else None
        if isinstance(text, str) and text:
            self._texts.append(text)
            self._on_text(text)
        self._ended = self._ended or bool(choice.get("finish_reason"))


def used_tokens(answer: Mapping[str, Any]) -> Usage:
    """Return the tokens that a server counted; 0 where it does not say."""
    usage = answer.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
