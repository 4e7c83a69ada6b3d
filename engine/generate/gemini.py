"""Gemini by google-genai: pictures, sound and video as its own parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from engine.common.optional_package import importing
from engine.common.progress import CancelToken
from engine.common.server_keys import secret
from engine.errors import ChatFailed, ExtraMissing, UsageError
from engine.generate.chat import ChatImage, ChatMedia, Message, Reply, Schema, Text, Usage
from engine.generate.timed_stream import timed

_MISSING = ("asking Gemini", "gemini")
_URL, _KEYS = "GEMINI_BASE_URL", ("GEMINI_API_KEY", "GOOGLE_API_KEY")
_ATTEMPTS, _FIRST_WAIT = 3, 0.5
"""Times that a server is asked which is busy or lost, and seconds before the second of them."""
_MOST_BYTES = 19 * 2**20
"""Bytes of sound and video in a question; the API takes 20 MiB of a request."""


class GeminiChat:
    """``gemini:MODEL``. Making one asks nothing.

    Args:
        environ: holds the key, ``GEMINI_API_KEY``; ``GEMINI_BASE_URL`` names another server.

    Raises:
        UsageError: there is no key.
    """

    sees = True
    hears = True

    def __init__(self, model: str, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self.model = model
        self._url = environ.get(_URL)
        self._key = next(filter(None, (secret(environ, name) for name in _KEYS)), "")
        if not self._key:
            raise UsageError(f"no key for Gemini is set up: set {_KEYS[0]}")

    def __repr__(self) -> str:
        return f"GeminiChat({self.model!r})"

    def check(self) -> None:
        """See that the package is installed, without importing it.

        Raises:
            ExtraMissing: it is not.
        """
        try:
            there = find_spec("google.genai")
        except ModuleNotFoundError:
            there = None
        if there is None:
            raise ExtraMissing(*_MISSING)

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
            ChatFailed: no answer within ``seconds``, none that can be read, or too much media.
            Cancelled: ``cancel`` was.
            ExtraMissing: google-genai is not installed.
        """
        media = [p for m in messages for p in m.parts if isinstance(p, ChatMedia)]
        if sum(len(part.content) for part in media) > _MOST_BYTES:
            raise ChatFailed(f"Gemini takes {_MOST_BYTES >> 20} MiB of sound and video at a time")
        with importing(*_MISSING, "google", "google.genai"):
            from google import genai
            from google.genai import types
        options = _http_options(types, self._url, seconds)
        client = genai.Client(api_key=self._key, http_options=options, vertexai=False)
        system = "\n".join(m.text for m in messages if m.role == "system")
        config = types.GenerateContentConfig(
            system_instruction=system or None,
            max_output_tokens=most_tokens,
            temperature=0,
            response_mime_type="application/json" if schema else None,
            response_json_schema=dict(schema.schema) if schema else None,
        )
        contents = [_content(types, m) for m in messages if m.role != "system"]
        pieces: list[str] = []
        usage, model, whole = Usage(), self.model, False
        for event in timed(
            lambda: client.models.generate_content_stream(
                model=self.model, contents=contents, config=config
            ),
            seconds=seconds, cancel=cancel, translate=self._translated,
            is_lost=_is_lost,
        ):  # fmt: skip
            used = event.usage_metadata
            if used is not None:
                usage = Usage(used.prompt_token_count or 0, used.candidates_token_count or 0)
            model = event.model_version or model
            ends = [candidate.finish_reason for candidate in event.candidates or ()]
            whole = whole or any(ends)
            if text := event.text:
                pieces.append(text)
                if on_text is not None:
                    on_text(text)
        if not pieces:
            raise ChatFailed("Gemini answered without a text; it may have refused")
        if not whole:
            raise ChatFailed("the connection broke off within the answer")
        return Reply("".join(pieces), model, usage)

    def _translated(self, error: Exception) -> ChatFailed:
        """Name what went wrong by its class and status: a text may quote the key."""
        status = getattr(error, "code", None)
        what = f"answered {status}" if status else f"cannot be asked ({type(error).__name__})"
        return ChatFailed(f"Gemini {what}")


def _is_lost(error: Exception) -> bool:
    """Tell whether a connection was lost, by httpx or by httpx2: the package takes either."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return "TransportError" in kinds and "TimeoutException" not in kinds


def _http_options(types: Any, url: str | None, seconds: float) -> Any:
    """Return how the package asks: without options for it, it would ask once."""
    again = types.HttpRetryOptions(
        attempts=_ATTEMPTS, initial_delay=_FIRST_WAIT, jitter=_FIRST_WAIT
    )  # fmt: skip
    timeout = max(1, int(seconds * 1000))
    return types.HttpOptions(base_url=url, timeout=timeout, retry_options=again)


def _content(types: Any, message: Message) -> Any:
    role = "model" if message.role == "assistant" else "user"
    return types.Content(role=role, parts=[_part(types, part) for part in message.parts])


def _part(types: Any, part: object) -> Any:
    if isinstance(part, Text):
        return types.Part.from_text(text=part.text)
    if isinstance(part, ChatImage):
        return types.Part.from_bytes(data=part.jpeg, mime_type="image/jpeg")
    assert isinstance(part, ChatMedia)
    return types.Part.from_bytes(data=part.content, mime_type=part.mime)
