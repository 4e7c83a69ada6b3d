"""Chats by the package openai: chat completions and the Responses API, streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Literal

from engine.common.optional_package import importing
from engine.common.progress import CancelToken
from engine.errors import ChatFailed, ExtraMissing
from engine.generate.chat import ChatImage, Message, Reply, Schema, Text, Usage
from engine.generate.openai import chat_messages, jpeg_url, refuse_media, server_of
from engine.generate.timed_stream import timed

_MISSING = ("asking by the package openai", "openai")
_RETRIES = 2
Api = Literal["chat", "responses"]


class OpenAIPackageChat:
    """``responses:MODEL``, or chat completions that stream. Making one asks nothing.

    Args:
        api: the API that is asked: OpenAI's newer one, or the one that all servers have.
        environ: names the server, by ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY``.

    Raises:
        UsageError: no server is set up.
    """

    sees = True

    def __init__(
        self, model: str, api: Api = "responses", environ: Mapping[str, str] | None = None
    ) -> None:
        self.model = model
        self._api: Api = api
        self._url, self._key = server_of(environ)

    def __repr__(self) -> str:
        return f"OpenAIPackageChat({self.model!r}, {self._api!r})"

    def check(self) -> None:
        """See that the package is installed, without importing it.

        Raises:
            ExtraMissing: it is not.
        """
        if find_spec("openai") is None:
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
            ChatFailed: no answer within ``seconds``, or none that can be read.
            Cancelled: ``cancel`` was.
            ExtraMissing: openai is not installed.
        """
        refuse_media(messages)
        with importing(*_MISSING, "openai"):
            import openai
        client = openai.OpenAI(
            api_key=self._key or "none", base_url=self._url, timeout=seconds, max_retries=_RETRIES
        )
        ask, read = (
            (self._responses, _read_responses)
            if self._api == "responses"
            else (self._completions, _read_completions)
        )
        pieces: list[str] = []
        usage, model, whole = Usage(), self.model, False
        with client:
            events = timed(
                lambda: ask(client, messages, schema, most_tokens),
                seconds=seconds, cancel=cancel, translate=self._translated,
            )  # fmt: skip
            for text, used, named, ended in read(events):
                usage, model, whole = used or usage, named or model, whole or ended
                if text:
                    pieces.append(text)
                    if on_text is not None:
                        on_text(text)
        if not whole:  # which the package takes for an end
            raise ChatFailed("the connection broke off within the answer")
        if not pieces:
            raise ChatFailed("the model answered without a text")
        return Reply("".join(pieces), model, usage)

    def _responses(
        self, client: Any, messages: Sequence[Message], schema: Schema | None, most: int | None
    ) -> Any:
        options: dict[str, Any] = {} if most is None else {"max_output_tokens": most}
        if schema is not None:
            form = {
                "type": "json_schema", "name": schema.name, "strict": True,
                "schema": dict(schema.schema),
            }  # fmt: skip
            options["text"] = {"format": form}
        given = [
            {"role": m.role, "content": [_response_part(m, p) for p in m.parts]} for m in messages
        ]
        return client.responses.create(
            model=self.model, input=given, stream=True, store=False, **options
        )

    def _completions(
        self, client: Any, messages: Sequence[Message], schema: Schema | None, most: int | None
    ) -> Any:
        options: dict[str, Any] = {} if most is None else {"max_tokens": most}
        if schema is not None:
            form = {"name": schema.name, "strict": True, "schema": dict(schema.schema)}
            options["response_format"] = {"type": "json_schema", "json_schema": form}
        return client.chat.completions.create(
            model=self.model, messages=chat_messages(messages), stream=True,
            stream_options={"include_usage": True}, **options,
        )  # fmt: skip

    def _translated(self, error: Exception) -> ChatFailed:
        """Name what went wrong by its class and status: a text may quote the key."""
        if isinstance(error, ChatFailed):
            return error
        status = getattr(error, "status_code", None)
        what = f"answered {status}" if status else f"cannot be asked ({type(error).__name__})"
        return ChatFailed(f"the server of {self.model} {what}")


Event = tuple[str, Usage | None, str | None, bool]
"""A piece of the answer, what it cost, the model that wrote it, and whether it is the end."""


def _read_responses(events: Iterator[Any]) -> Iterator[Event]:
    for event in events:
        if event.type == "response.output_text.delta":
            yield event.delta, None, None, False
        elif event.type in ("response.completed", "response.incomplete"):
            used = event.response.usage
            tokens = Usage(used.input_tokens, used.output_tokens) if used else None
            yield "", tokens, event.response.model, True
        elif event.type in ("response.failed", "error", "response.refusal.delta"):
            raise ChatFailed("the model refused, or failed while it answered")


def _read_completions(events: Iterator[Any]) -> Iterator[Event]:
    for event in events:
        used = event.usage
        tokens = Usage(used.prompt_tokens, used.completion_tokens) if used else None
        choice = event.choices[0] if event.choices else None
        text = (choice.delta.content or "") if choice else ""
        yield text, tokens, event.model, bool(choice and choice.finish_reason)


def _response_part(message: Message, part: object) -> dict[str, Any]:
    if isinstance(part, ChatImage):
        return {"type": "input_image", "image_url": jpeg_url(part), "detail": "low"}
    assert isinstance(part, Text)
    kind = "output_text" if message.role == "assistant" else "input_text"
    return {"type": kind, "text": part.text}
