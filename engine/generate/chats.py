"""Chats by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.config import Settings
from engine.errors import UsageError
from engine.generate.chat import Chat
from engine.generate.gguf_files import PREFIX
from engine.generate.llama import LlamaChat
from engine.generate.openai import OpenAIChat

_SERVED = "openai:"


def make_chat(
    name: str | None, settings: Settings, environ: Mapping[str, str] | None = None
) -> Chat:
    """Return the chat of a name. A model loads, or is asked, at first use.

    Args:
        name: ``local:NAME`` or ``local:PATH.gguf``, which run here, or else a server's name of
            a model, which takes ``openai:`` before it where it has a colon itself; None for the one
            that the settings name.
        environ: names the server; None for that of this process.

    Raises:
        UsageError: no chat has such a name, or it is not installed or not configured.
    """
    if name and ":" in name and not name.startswith((PREFIX, _SERVED)):
        raise UsageError(
            f"no chat is called {name!r}; there is local:NAME and openai:MODEL, which a server's"
            f" model with a colon in its name takes, too: {_SERVED}{name}"
        )
    name = name or settings.llm_model
    if name.startswith(PREFIX):
        made: LlamaChat | OpenAIChat = local_chat(name.removeprefix(PREFIX), settings)
    else:
        made = served_chat(name.removeprefix(_SERVED), settings, environ)
    made.check()
    return made


def local_chat(model: str, settings: Settings) -> LlamaChat:
    """Make a chat with a file of this machine."""
    return LlamaChat(PREFIX + model, settings)


def served_chat(
    model: str, settings: Settings, environ: Mapping[str, str] | None = None
) -> OpenAIChat:
    """Make a chat with a server's model."""
    return OpenAIChat.from_env(replace(settings, llm_model=model), environ)
