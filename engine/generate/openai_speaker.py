"""Voices of any server that speaks OpenAI's ``/v1/audio/speech``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from engine.config import Settings
from engine.generate import http_post
from engine.generate.budget import Billed, ModelBudget, RequestBudget
from engine.generate.http_post import Request
from engine.generate.openai import server_of
from engine.generate.speaker import Speech, of_wav, sentences

_MOST_BYTES = 64 * 2**20
_VOICE = "alloy"


class OpenAISpeaker:
    """``openai:MODEL``. Making one asks nothing.

    The server is that of ``OPENAI_BASE_URL``; the text is sent to it. One that was made is of one
    task: its requests have one budget together.
    """

    voices: Sequence[str] = ()

    def __init__(
        self, model: str, settings: Settings, environ: Mapping[str, str] | None = None
    ) -> None:
        self.name = f"openai:{model}"
        self._model = model
        self._url, self._key = server_of(environ)
        price = settings.speak_price / 1e6
        self._budget = RequestBudget(ModelBudget.of(settings), price, "letters")

    @property
    def spent(self) -> Billed:
        """The cost so far, of all that was spoken."""
        return self._budget.spent

    def check(self) -> None:
        """See that it can be asked, without asking.

        Raises:
            ExtraMissing: httpx is not installed.
        """
        http_post.check()

    def stream(
        self, text: str, *, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak a text, a sentence at a time; see ``Speaker.stream``.

        Raises:
            ChatFailed: no answer came in time, or the budget is spent.
        """
        for sentence in sentences(text):
            body = {
                "model": self._model, "input": sentence, "voice": voice or _VOICE,
                "response_format": "wav", "speed": speed,
            }  # fmt: skip
            request = Request(
                f"{self._url}/audio/speech", json.dumps(body).encode(), self._key, "audio/wav",
                most_bytes=_MOST_BYTES,
            )  # fmt: skip
            with self._budget.request(len(sentence)) as seconds:
                content = http_post.post(request, seconds=seconds)
            yield replace(of_wav(content), spent=self.spent)
