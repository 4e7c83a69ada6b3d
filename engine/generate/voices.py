"""Makers of speakers, for the registry."""

from __future__ import annotations

from engine.config import Settings
from engine.generate.speaker import Speaker


def espeak(_: str, __: Settings) -> Speaker:
    """Make eSpeak NG."""
    from engine.generate.espeak import Espeak

    return Espeak()


def kokoro(_: str, settings: Settings) -> Speaker:
    """Make Kokoro."""
    from engine.generate.kokoro import Kokoro

    return Kokoro(settings)


def speecht5(model: str, settings: Settings) -> Speaker:
    """Make a checkpoint of SpeechT5."""
    from engine.generate.hf_speaker import SpeechT5Speaker

    return SpeechT5Speaker(model, settings)


def served_voice(model: str, settings: Settings) -> Speaker:
    """Make a voice of a server."""
    from engine.generate.openai_speaker import OpenAISpeaker

    return OpenAISpeaker(model, settings)
