"""Speech by the route of OpenAI's clients: a text as sound, by the voice of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from engine import speaking
from engine.config import Settings
from engine.server.dialects.bodies import json_object
from engine.server.load.admission import Admission
from engine.server.problems import Problem
from engine.server.routes.context import shelf_of
from engine.server.routes.documented import fault
from engine.server.routes.routers import ReadRouter

router = ReadRouter("assistant")
SECONDS = 120.0
"""Seconds that a text may take to be spoken."""
WAITING = 8
"""Texts that wait while one is spoken."""
_LONGEST = 4_096
"""Characters of a text, as many as OpenAI takes."""
_OPENAI_VOICES = frozenset({
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer",
    "verse", "marin", "cedar",
})  # fmt: skip
"""Voices that clients name without a choice of theirs; they stand for the first voice here."""


class SpeechBody(BaseModel):
    """A text to speak."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {"model": "tts-1", "input": "Good morning.", "voice": "alloy"},
                {"model": "tts-1", "input": "Good morning.", "voice": "en-us",
                 "response_format": "wav"},
            ]
        },
    )  # fmt: skip

    input: str = Field(max_length=_LONGEST)
    model: str | None = Field(default=None, description="Any name: the settings name the speaker.")
    voice: str | dict[str, str] | None = Field(
        default=None, description="One of the speaker's; those of OpenAI stand for its first."
    )
    response_format: str = Field(default="mp3", description="mp3, opus, aac, flac, wav or pcm.")
    speed: float = Field(default=1.0, ge=0.25, le=4)


_DOCUMENTED: dict[str, Any] = {
    "responses": {
        200: {"description": "The sound.", "content": {"audio/mpeg": {}, "audio/wav": {}}},
        502: fault("The server of the voice does not speak."),
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": SpeechBody.model_json_schema()}},
        }
    },
}


@router.post("/v1/audio/speech", response_model=None, **_DOCUMENTED)
async def speech(request: Request) -> Response:
    """Speak a text, by the voice that the settings name."""
    from engine.media.sound_file import sound_file, sound_formats

    body = await json_object(request)
    text, form, speed = _text(body), _format(body), _speed(body)
    settings = shelf_of(request).library().settings

    def spoken() -> bytes:
        speech = speaking.speak(text, voice=_voice(body, settings), speed=speed, settings=settings)
        return sound_file(speech.samples, speech.rate, form)

    speaking_turns: Admission = request.app.state.speaking
    content = await speaking_turns.run(spoken)
    return Response(content, media_type=sound_formats()[form].mime)


def _text(body: Mapping[str, Any]) -> str:
    text = body.get("input")
    if not isinstance(text, str) or not text.strip():
        raise Problem(400, "invalid_request", "input is the text that is to be spoken", "input")
    if len(text) > _LONGEST:
        message = f"the text has {len(text):,} characters; {_LONGEST:,} can be spoken at a time"
        raise Problem(400, "invalid_request", message, "input")
    return text


def _format(body: Mapping[str, Any]) -> str:
    from engine.media.sound_file import sound_formats

    if body.get("stream_format") not in (None, "audio"):
        message = "stream_format: sound is sent as it is, so it is audio"
        raise Problem(400, "invalid_request", message, "stream_format")
    name, there = body.get("response_format") or "mp3", sound_formats()
    if not isinstance(name, str) or name not in there:
        message = f"response_format is {', '.join(there)}, and not {name!r}"
        raise Problem(400, "invalid_request", message, "response_format")
    return name


def _speed(body: Mapping[str, Any]) -> float:
    speed = body.get("speed", 1.0)
    if not isinstance(speed, int | float) or isinstance(speed, bool) or not 0.25 <= speed <= 4:
        raise Problem(400, "invalid_request", "speed is a number from 0.25 to 4", "speed")
    return float(speed)


def _voice(body: Mapping[str, Any], settings: Settings) -> str | None:
    voice = body.get("voice")
    if isinstance(voice, dict):
        voice = voice.get("id")
    if voice is None:
        return None
    if not isinstance(voice, str):
        raise Problem(400, "invalid_request", "voice is the name of a voice", "voice")
    there = speaking.voices(settings=settings)
    if voice in _OPENAI_VOICES and there and voice not in there:
        return None
    return voice
