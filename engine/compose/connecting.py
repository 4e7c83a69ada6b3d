"""Sentences that a model writes between moments, held to them as answers are."""

from __future__ import annotations

from collections.abc import Sequence

from engine.assistant.evidence import EvidencePassage
from engine.assistant.question import read_question
from engine.assistant.writing import SentenceWriter
from engine.common.text import printable
from engine.compose.context import ComposeContext
from engine.errors import ChatFailed

Written = tuple[str, Sequence[EvidencePassage]]
"""A sentence, and the moments that bear it."""


def connecting_sentences(
    context: ComposeContext, about: str, passages: Sequence[EvidencePassage], notes: list[str]
) -> list[Written]:
    """Return what a model writes about moments and is borne out; none without a model.

    What goes wrong with the model is added to ``notes``, once for each reason.
    """
    if context.chat is None or not passages:
        return []
    made: list[Written] = []
    writer = SentenceWriter(
        read_question(about), passages, context.verifier,
        lambda text, borne_by: made.append((text, borne_by)),
    )  # fmt: skip
    try:
        writer.write(context.chat, context.cancel)
    except ChatFailed as error:
        note = f"no model wrote here: {printable(str(error))}"
        if note not in notes:
            notes.append(note)
    return made
