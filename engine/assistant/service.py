"""The assistant of a library: questions one by one, and conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.assistant.answer import CitedAnswer
from engine.assistant.answer_sources import AnswerSources, AskOptions
from engine.assistant.asking import Asking
from engine.assistant.conversation import Conversation
from engine.assistant.question import checked_question, read_question
from engine.assistant.verification import Verifier
from engine.config import Settings
from engine.errors import EncoderUnavailable


class Assistant:
    """Answers questions about a library. Making one loads nothing."""

    def __init__(self, sources: AnswerSources) -> None:
        self._sources = sources

    def ask(self, text: str, options: AskOptions) -> CitedAnswer:
        """Answer a question; errors are those of ``Library.ask``."""
        return Asking(self._sources, read_question(checked_question(text)), options).answer()

    def converse(
        self, options: AskOptions, about: Sequence[str], saved: Mapping[str, Any] | None
    ) -> Conversation:
        """Begin a conversation, or go on with a saved one; errors are those of ``Library.chat``."""
        return Conversation(self._sources, options, about, saved)


def cross_encoder_verifier(settings: Settings) -> Verifier:
    """Return a verifier with the cross-encoder, or without where it is not installed."""
    from engine.encoders.cross_encoder import CrossEncoder

    made = CrossEncoder(settings)
    try:
        made.check()
    except EncoderUnavailable:
        return Verifier(None)
    return Verifier(made)
