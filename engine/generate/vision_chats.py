"""Makers of chats that see, for the registry."""

from __future__ import annotations

from engine.config import Settings
from engine.generate.chat import Chat


def responses(model: str, _: Settings) -> Chat:
    """Make a chat by OpenAI's Responses API."""
    from engine.generate.openai_responses import OpenAIPackageChat

    return OpenAIPackageChat(model, "responses")


def completions(model: str, _: Settings) -> Chat:
    """Make a chat by chat completions, streamed."""
    from engine.generate.openai_responses import OpenAIPackageChat

    return OpenAIPackageChat(model, "chat")


def gemini(model: str, _: Settings) -> Chat:
    """Make a chat with Gemini."""
    from engine.generate.gemini import GeminiChat

    return GeminiChat(model)


def transformers(model: str, settings: Settings) -> Chat:
    """Make a chat with a model of transformers that sees."""
    from engine.generate.hf_chat import HfChat

    return HfChat(model, settings)
