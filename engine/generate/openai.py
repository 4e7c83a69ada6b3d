"""Chats by any server that speaks OpenAI's ``/v1/chat/completions``.

Those are OpenAI's own, most vendors', and the ones that people run themselves
(llama.cpp, Ollama, vLLM, LM Studio).
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from engine.common.progress import CancelToken
from engine.common.server_keys import secret
from engine.config import Settings
from engine.errors import ChatFailed, UsageError
from engine.generate.chat import ChatImage, ChatMedia, Message, Part, Reply, Schema, Text
from engine.generate.chat_chunks import ChatChunks, used_tokens
from engine.generate.http_post import Request, check, post

_URL, _KEY = "OPENAI_BASE_URL", "OPENAI_API_KEY"
_OWN = "https://api.openai.com/v1"


class OpenAIChat:
    """A model behind a server. Making one asks nothing.

    Args:
        model: the server's name of it.
        base_url: up to and with ``/v1``.
        key: sent as the bearer token, and shown nowhere; None where none is needed.
        first_wait: seconds before a request is tried again the first time.

    Raises:
        UsageError: the URL or the key cannot be one.
    """

    def __init__(
        self, model: str, *, base_url: str = _OWN, key: str | None = None, first_wait: float = 0.5
    ) -> None:
        self.model = model
        self.sees = False
        self._url = _checked_url(base_url)
        self._key = _checked_key(key)
        self._first_wait = first_wait

    @classmethod
    def from_env(cls, settings: Settings, environ: Mapping[str, str] | None = None) -> OpenAIChat:
        """Make the model that the settings name, at the server that the environment names.

        Raises:
            UsageError: OpenAI's own server, which needs a key, and no key; or as above.
        """
        url, key = server_of(environ)
        made = cls(settings.llm_model, base_url=url, key=key)
        made.sees = settings.llm_sees
        return made

    def check(self) -> None:
        """See that it can be asked, without asking.

        Raises:
            ExtraMissing: httpx is not installed.
        """
        check()

    def __repr__(self) -> str:
        return f"OpenAIChat({self.model!r}, base_url={self._url!r})"

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
        """Answer a chat, as ``Chat.reply`` says.

        Raises:
            ChatFailed: no answer within ``seconds``, or none that can be read.
            ExtraMissing: httpx is not installed.
        """
        body = self.request(messages, schema, most_tokens)
        asked = Request(f"{self._url}/chat/completions", b"", self._key)
        ask = partial(post, seconds=seconds, first_wait=self._first_wait, cancel=cancel)
        if on_text is None:
            answer = ask(replace(asked, body=json.dumps(body).encode()))
            return _reply(answer, self.model)
        body |= {"stream": True, "stream_options": {"include_usage": True}}
        chunks = ChatChunks(self.model, on_text)
        request = replace(asked, body=json.dumps(body).encode(), accept="text/event-stream")
        answer = ask(request, on_bytes=chunks.add)
        if chunks.begun:
            return chunks.reply()
        reply = _reply(answer, self.model)  # of a server that does not stream
        on_text(reply.text)
        return reply

    def request(
        self,
        messages: Sequence[Message],
        schema: Schema | None = None,
        most_tokens: int | None = None,
    ) -> dict[str, Any]:
        """Return the body of a request, as it is sent."""
        body: dict[str, Any] = {"model": self.model, "messages": chat_messages(messages)}
        if schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": schema.name, "strict": True, "schema": schema.schema},
            }
        # OpenAI's newer models refuse the names and values that all other servers know.
        if self._url == _OWN:
            limit = "max_completion_tokens"
        else:
            limit, body["temperature"] = "max_tokens", 0
        if most_tokens is not None:
            body[limit] = most_tokens
        return body


def server_of(environ: Mapping[str, str] | None = None) -> tuple[str, str | None]:
    """Return the address of the server that the environment names, and the key for it.

    Raises:
        UsageError: OpenAI's own server, which needs a key, and no key; or one cannot be.
    """
    environ = os.environ if environ is None else environ
    url = environ.get(_URL) or _OWN
    key = secret(environ, _KEY)
    if url.rstrip("/") == _OWN and not key:
        raise UsageError(
            f"no language model is set up: set {_KEY} or {_KEY}_FILE, {_URL} to a server of your"
            " own, or SENSORIUM_LLM_MODEL to local:qwen, which needs neither"
        )
    return _checked_url(url), _checked_key(key)


def chat_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return messages as servers of chats take them."""
    return [_message(message) for message in messages]


def _message(message: Message) -> dict[str, Any]:
    """Text alone as a string, because not every server takes a list of parts."""
    if all(isinstance(part, Text) for part in message.parts):
        return {"role": message.role, "content": message.text}
    return {"role": message.role, "content": [_part(part) for part in message.parts]}


def _part(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, ChatImage):
        return {"type": "image_url", "image_url": {"url": jpeg_url(part), "detail": "low"}}
    raise ChatFailed("this model is asked about pictures and words alone")


def jpeg_url(picture: ChatImage) -> str:
    """Return a picture as a URL that holds it."""
    return f"data:image/jpeg;base64,{base64.b64encode(picture.jpeg).decode()}"


def refuse_media(messages: Sequence[Message]) -> None:
    """Refuse messages with sound or video.

    Raises:
        ChatFailed: one has some.
    """
    if any(isinstance(part, ChatMedia) for message in messages for part in message.parts):
        raise ChatFailed("this model is asked about pictures and words alone")


def _reply(body: bytes, asked: str) -> Reply:
    try:
        answer = json.loads(body)
        text = answer["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ChatFailed("the server answered with something that is no chat") from None
    if not isinstance(text, str):
        raise ChatFailed("the model answered without a text")
    model = answer.get("model")
    return Reply(text, model if isinstance(model, str) else asked, used_tokens(answer))


def _checked_url(url: str) -> str:
    """Without the slash at its end. What is wrong is not repeated: it may hold a secret."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        good = False
        parts = urlsplit("")
    if not good or parts.query or parts.fragment:
        raise UsageError(f"{_URL} is no address of a server, such as http://localhost:8080/v1")
    if parts.username or parts.password:
        raise UsageError(f"{_URL} must hold no password: {_KEY} takes it")
    return url.rstrip("/")


def _checked_key(key: str | None) -> str | None:
    key = (key or "").strip()
    if not all("!" <= letter <= "~" for letter in key):
        raise UsageError(f"{_KEY} holds characters that no key has")
    return key or None
