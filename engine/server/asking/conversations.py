"""Conversations of callers who send what they asked before, and keep nothing here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.assistant.answer import EXTRACTIVE, CitedAnswer
from engine.assistant.conversation import Conversation
from engine.common.lru import LRUCache
from engine.library.facade import Library

_KEPT = 256
"""Conversations that are kept, each to its last answer."""
_REPLAYED = 6
"""Questions that are answered again, by rules, where what they were answered is not kept."""


class Conversations:
    """Goes on with conversations by the questions that they are made of."""

    def __init__(self) -> None:
        self._kept: LRUCache[tuple[object, ...], dict[str, Any]] = LRUCache(_KEPT)

    def go_on(
        self,
        library: Library,
        about: Sequence[str],
        where: Sequence[str],
        earlier: Sequence[str],
        text: str,
        ask: Callable[[Conversation], CitedAnswer],
    ) -> CitedAnswer:
        """Answer a question after earlier ones, and keep where the conversation has come to.

        Args:
            text: the question, which ``ask`` asks.
        """
        place = (str(library.path), library.generation, tuple(about), tuple(where))
        saved = self._kept.get((*place, tuple(earlier))) if earlier else None
        if saved is None and earlier:
            again = library.chat(about, where=where, model=EXTRACTIVE)
            for question in earlier[-_REPLAYED:]:
                again.ask(question)
            saved = again.to_dict()
        talk = library.chat(about, where=where, saved=saved)
        answer = ask(talk)
        self._kept.put((*place, (*earlier, text)), talk.to_dict())
        return answer
