"""Record what a chat is asked, and serve it as OpenAI's servers are.

So what reaches a model of this machine, and what it answers, can be held beside what the same model
is sent and answers behind a server.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from engine.generate import chats
from engine.generate.chat import Chat, Message, Reply, Schema
from engine.testing.chat_server import Behaviour, answers

if TYPE_CHECKING:
    from engine.common.progress import CancelToken

_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class AskedPrompt:
    """A prompt of a model: roles with texts, the name of its schema, and its most tokens."""

    messages: tuple[tuple[str, str], ...]
    schema: str
    most_tokens: int | None


@dataclass
class RecordedChat:
    """A chat that notes what it is asked, and when its first words came."""

    chat: Chat
    prompts: list[AskedPrompt] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    """Times of the clock of ``time.perf_counter`` at which the first words came."""
    last: list[Sequence[Message]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def model(self) -> str:
        return self.chat.model

    def check(self) -> None:
        """Do nothing: it can be asked."""

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
        """Answer as the chat does, as ``Chat.reply`` says."""
        asked = tuple((message.role, message.text) for message in messages)
        seen: list[float] = []

        def tell(piece: str) -> None:
            seen.append(time.perf_counter())
            if on_text is not None:
                on_text(piece)

        with self._lock:  # a model of this machine answers one after another
            reply = self.chat.reply(
                messages, seconds=seconds, schema=schema, most_tokens=most_tokens, on_text=tell,
                cancel=cancel,
            )  # fmt: skip
        self.prompts.append(AskedPrompt(asked, "" if schema is None else schema.name, most_tokens))
        self.first.append(seen[0] if seen else time.perf_counter())
        self.last.append(messages)
        return reply


@contextmanager
def playing_local(chat: Chat) -> Iterator[None]:
    """Have every model that is called ``local:...`` be this one."""
    with patch.object(chats, "local_chat", lambda *_: chat):
        yield


def plays(chat: Chat) -> Behaviour:
    """Return the behaviour of a server whose model is this one."""

    def reply(body: dict[str, Any]) -> str:
        messages = [Message.from_text(m["role"], _text(m["content"])) for m in body["messages"]]
        form = (body.get("response_format") or {}).get("json_schema")
        schema = None if form is None else Schema(form["name"], form["schema"])
        most = body.get("max_tokens")
        return chat.reply(messages, seconds=_SECONDS, schema=schema, most_tokens=most).text

    return answers(reply)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content)


class EchoChat:
    """A chat that answers a question by the first sentence that it is given, for tests."""

    model = "echo"

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
        """Quote the first passage, or search for the question's own words."""
        del seconds, most_tokens, cancel
        asked = json.loads(messages[-1].text)
        text = json.dumps({"searches": [asked.get("question", "")]})
        if schema is not None and schema.name == "sentences":
            first = asked["passages"][0]
            words = next(v for k, v in first.items() if k not in ("number", "file"))
            text = json.dumps({"sentences": [{"text": words, "cites": [first["number"]]}]})
        if on_text is not None:
            on_text(text)
        return Reply(text, self.model)
