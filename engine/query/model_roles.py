"""Roles of models, and the adapters that play them, by name.

A name is ``ADAPTER`` or ``ADAPTER:MODEL``. Nothing is imported before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from engine.config import Settings
from engine.errors import UsageError


@dataclass(frozen=True, slots=True)
class Adapter:
    """A way to have a model play a role."""

    role: str
    form: str
    """The name that it is asked for by; ``:`` parts the adapter from its model."""
    place: str
    """Module below ``engine``, and function in it, which is called with model and settings."""
    extra: str
    """The extra of this distribution that it needs; empty for none."""
    licence: str
    about: str
    ran_on: str
    """The weights that it was run on by the tests."""

    @property
    def prefix(self) -> str:
        return self.form.partition(":")[0]

    @property
    def takes_model(self) -> bool:
        return ":" in self.form


_REAL, _TINY, _WIRE = "real weights", "tiny random weights", "a server of the wire format"
_OWN = "of the model"
ADAPTERS = (
    Adapter(
        "chat", "local:NAME", "generate.chats.local_chat", "local-chat", "Apache-2.0",
        "local:qwen, local:smollm2, or local:PATH.gguf, in llama.cpp", _REAL,
    ),
    Adapter(
        "chat", "openai:MODEL", "generate.chats.served_chat", "llm", _OWN,
        "a server of chat completions", _WIRE,
    ),
    Adapter(
        "captioner", "template", "generate.captioners.template", "", "Apache-2.0",
        "labels, text on screen and facts, in a sentence", "needs none",
    ),
    Adapter(
        "captioner", "hf:NAME", "generate.captioners.transformers", "hf", _OWN,
        "BLIP, BLIP-2 and their like, by the auto classes of transformers", _TINY,
    ),
    Adapter(
        "captioner", "openai:MODEL", "generate.captioners.served", "llm", _OWN,
        "a server's chat that sees", _WIRE,
    ),
    Adapter(
        "transcriber", "whisper", "query.transcribers.whisper", "speech", "MIT",
        "Whisper base in faster-whisper, with the times of words", _REAL,
    ),
    Adapter(
        "transcriber", "hf:NAME", "query.transcribers.transformers", "hf", _OWN,
        "Whisper, SpeechT5, Qwen3-ASR and their like, by transformers", _TINY,
    ),
    Adapter(
        "transcriber", "openai:MODEL", "query.transcribers.served", "llm", _OWN,
        "a server of /v1/audio/transcriptions", _WIRE,
    ),
    Adapter(
        "aligner", "hf:NAME", "query.aligners.transformers", "hf", _OWN,
        "Qwen3-ForcedAligner by transformers: times of words, for any transcriber", _TINY,
    ),
    Adapter(
        "diarizer", "hf:NAME", "query.diarizers.transformers", "hf", _OWN,
        "Nemotron 3 Diarization by transformers: who speaks when", _TINY,
    ),
    Adapter(
        "vision chat", "openai:MODEL", "generate.vision_chats.completions", "openai", _OWN,
        "chat completions with pictures, by the package openai", _WIRE,
    ),
    Adapter(
        "vision chat", "responses:MODEL", "generate.vision_chats.responses", "openai", _OWN,
        "OpenAI's Responses API, by the package openai", _WIRE,
    ),
    Adapter(
        "vision chat", "gemini:MODEL", "generate.vision_chats.gemini", "gemini", _OWN,
        "Gemini by google-genai: pictures, and video and sound as they are", _WIRE,
    ),
    Adapter(
        "vision chat", "hf:NAME", "generate.vision_chats.transformers", "hf", _OWN,
        "Qwen3-VL, Gemma 4, SmolVLM, Qwen2-Audio and their like, by AutoModelForMultimodalLM",
        _TINY,
    ),
    Adapter(
        "vision chat", "local:NAME", "generate.chats.local_chat", "local-chat", _OWN,
        "PATH.gguf beside its mmproj-*.gguf, in llama.cpp; without one it gets words alone",
        "real weights, words alone",
    ),
    Adapter(
        "speaker", "espeak", "generate.voices.espeak", "espeak", "GPL-3.0-or-later",
        "eSpeak NG: small, quick, robotic, of a hundred languages", _REAL,
    ),
    Adapter(
        "speaker", "kokoro", "generate.voices.kokoro", "espeak", "Apache-2.0",
        "Kokoro-82M, int8: a human voice, with a Japanese accent", _REAL,
    ),
    Adapter(
        "speaker", "hf:NAME", "generate.voices.speecht5", "hf", _OWN,
        "SpeechT5 with its HiFi-GAN", _TINY,
    ),
    Adapter(
        "speaker", "openai:MODEL", "generate.voices.served_voice", "llm", _OWN,
        "a server of /v1/audio/speech", _WIRE,
    ),
)  # fmt: skip


def adapters(role: str | None = None) -> Iterator[Adapter]:
    """Yield the adapters of a role; None for those of all."""
    return (adapter for adapter in ADAPTERS if role in (None, adapter.role))


def make(role: str, name: str, settings: Settings) -> Any:
    """Return the model of a name in a role, checked, not loaded.

    Raises:
        UsageError: no adapter of that role has such a name.
        ExtraMissing: a package that it needs is not installed.
        EncoderUnavailable: its weights are not on this machine.
    """
    prefix, colon, model = name.partition(":")
    for adapter in adapters(role):
        if adapter.prefix == prefix and adapter.takes_model == bool(colon and model):
            module, _, function = adapter.place.rpartition(".")
            made = getattr(import_module(f"engine.{module}"), function)(model, settings)
            made.check()
            return made
    forms = ", ".join(adapter.form for adapter in adapters(role))
    raise UsageError(f"no {role} is called {name!r}; there is {forms}")
