"""Chats with a model file of this machine, in llama.cpp."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.common.progress import CancelToken
from engine.config import Settings
from engine.errors import ChatFailed
from engine.generate import llama_server
from engine.generate.chat import Message, Reply, Schema, Usage
from engine.generate.gguf_files import locate
from engine.generate.llama_server import LlamaModel, LlamaServer
from engine.generate.openai import chat_messages

_LOADING = 600.0
"""Seconds that loading a model may take where nobody waits for an answer."""
_FIRST_WORDS = 20

_servers: dict[LlamaModel, LlamaServer] = {}
_lock = threading.Lock()


class LlamaChat:
    """``local:NAME`` or ``local:PATH.gguf``. Making one loads nothing.

    All that ask for the same file in one process share one model, which answers one question
    after another, and keeps what it has read of the last: a question that begins as the one
    before is read from where they part.

    Args:
        name: with its prefix.
        context: tokens of question and answer together; more takes more memory.
    """

    def __init__(self, name: str, settings: Settings, *, context: int = 8192) -> None:
        self.name = name
        self._settings = settings
        self._context = context
        self.model = name
        """The model that is asked for; part of every cache's key."""

    def check(self) -> None:
        """See that it can be had, without loading it.

        Raises:
            ExtraMissing: xllamacpp is not installed.
            EncoderUnavailable: the weights are not on this machine.
            UsageError: there is no such file.
        """
        llama_server.check()
        locate(self.name, self._settings)

    @property
    def sees(self) -> bool:
        """True if a projector lies beside the model, so that it takes pictures."""
        return locate(self.name, self._settings).projector is not None

    @property
    def server(self) -> LlamaServer:
        """The process that has the model, shared by all that ask for it.

        Raises:
            EncoderUnavailable, UsageError: as ``check``.
        """
        file = locate(self.name, self._settings)
        asked = LlamaModel(
            str(file.path), file.title, str(file.projector or ""), self._context,
            self._settings.threads,
        )  # fmt: skip
        with _lock:
            return _servers.setdefault(asked, LlamaServer(asked))

    def reply(
        self,
        messages: Sequence[Message],
        *,
        seconds: float,
        schema: Schema | None = None,
        most_tokens: int | None = None,
        on_text: Callable[[str], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Reply:
        """Answer a chat, as ``Chat.reply`` says; the likeliest token each time.

        Args:
            seconds: from the call to its end, the loading of the model included.
            schema: a grammar that holds the model to it while it writes.
            on_text: called with each piece of the answer as it comes.
            cancel: from another thread.

        Raises:
            ChatFailed: no answer in time, or the question does not fit.
            Cancelled: ``cancel`` was.
            ExtraMissing, EncoderUnavailable, UsageError: as ``check``.
        """
        body = _request(messages, schema, most_tokens)
        pieces: list[str] = []
        usage = Usage()
        for event in self.server.stream(body, seconds=seconds, cancel=cancel):
            if "error" in event:
                raise ChatFailed(f"the model refused: {event['error'].get('message', 'no reason')}")
            usage = _usage(event) or usage
            piece = _text(event)
            if piece:
                pieces.append(piece)
                if on_text is not None:
                    on_text(piece)
        file = locate(self.name, self._settings)
        return Reply("".join(pieces), file.title, usage)

    def is_loaded(self) -> bool:
        """Tell whether it can answer at once."""
        return self.server.ready

    def load(self) -> None:
        """Have the model loaded.

        Raises:
            ChatFailed: it cannot be.
            ExtraMissing, EncoderUnavailable, UsageError: as ``check``.
        """
        self.server.start(time.monotonic() + _LOADING)

    def first_words(self, messages: Sequence[Message], *, seconds: float) -> Mapping[str, float]:
        """Return the likeliest first words of an answer with their log probabilities, in nats.

        Raises:
            ChatFailed: they did not come in time, or the question does not fit.
            ExtraMissing, EncoderUnavailable, UsageError: as ``check``.
        """
        body = _request(messages, None, 1) | {"logprobs": True, "top_logprobs": _FIRST_WORDS}
        for event in self.server.stream(body, seconds=seconds, cancel=None):
            if "error" in event:
                raise ChatFailed(f"the model refused: {event['error'].get('message', 'no reason')}")
            choices = event.get("choices") or [{}]
            for word in (choices[0].get("logprobs") or {}).get("content") or []:
                return {each["token"]: each["logprob"] for each in word["top_logprobs"]}
        raise ChatFailed("the model said nothing")

    def close(self) -> None:
        """End the process that has the model, for all that share it."""
        self.server.close()


def _request(
    messages: Sequence[Message], schema: Schema | None, most_tokens: int | None
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "messages": chat_messages(messages),
        "stream": True,
        "stream_options": {"include_usage": True},
        # Something to send between two passes over a prompt: who has hung up is noticed then.
        "return_progress": True,
        "temperature": 0,
        "chat_template_kwargs": {"enable_thinking": False},
    }
    if most_tokens is not None:
        body["max_tokens"] = most_tokens
    if schema is not None:
        form = {"name": schema.name, "strict": True, "schema": schema.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return body


def _text(event: dict[str, Any]) -> str:
    choices = event.get("choices") or [{}]
    return choices[0].get("delta", {}).get("content") or ""


def _usage(event: dict[str, Any]) -> Usage | None:
    used = event.get("usage")
    return Usage(used["prompt_tokens"], used["completion_tokens"]) if used else None
