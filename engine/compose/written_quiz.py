"""Quiz questions that a model writes, held to the passages that they are taken from."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.assistant.evidence import EvidencePassage
from engine.assistant.prompts import prompt
from engine.assistant.verification import BEARS
from engine.common.plain_sentences import statements
from engine.compose.context import ComposeContext
from engine.compose.quiz import QuizQuestion
from engine.errors import ChatFailed
from engine.generate.chat import Message, Schema
from engine.query.rerank.base import clean

_PASSAGES, _QUESTIONS, _TOKENS = 8, 5, 512
_LONGEST, _ANSWER = 200, 60
"""Characters of a question, and of an option."""
_WRONG = 3
_TEXT = {"type": "string"}
_ITEM = {
    "type": "object",
    "properties": {
        "question": _TEXT, "answer": _TEXT, "cites": {"type": "integer"},
        "wrong": {"type": "array", "items": _TEXT, "maxItems": _WRONG},
    },
    "required": ["question", "answer", "wrong", "cites"],
    "additionalProperties": False,
}  # fmt: skip
QUESTIONS = Schema(
    "questions",
    {
        "type": "object",
        "properties": {"questions": {"type": "array", "items": _ITEM, "maxItems": _QUESTIONS}},
        "required": ["questions"],
        "additionalProperties": False,
    },
)


def written_questions(
    context: ComposeContext, passages: Sequence[EvidencePassage]
) -> list[QuizQuestion]:
    """Return the questions of a model that passages bear; none without a model, or where it fails.

    A question is kept where its answer stands in the passage that it names, its wrong options
    stand in none, and the passage bears the question by the cross-encoder.
    """
    plain = [replace(p, text=" ".join(statements(p.text))) for p in passages]
    given = [p for p in plain if p.text][:_PASSAGES]
    if context.chat is None or not given:
        return []
    numbered = [{"number": n, "text": p.text} for n, p in enumerate(given, 1)]
    messages = [
        Message.from_text("system", prompt("quiz").text),
        Message.from_text("user", json.dumps({"passages": numbered}, ensure_ascii=False)),
    ]
    try:
        reply = context.chat.reply(
            messages, schema=QUESTIONS, most_tokens=_TOKENS, cancel=context.cancel
        )
        items = json.loads(reply.text)["questions"]
    except (ChatFailed, ValueError, KeyError, TypeError, RecursionError):
        return []
    if not isinstance(items, list):
        return []
    made = (_held(context, item, given) for item in items[:_QUESTIONS])
    return [question for question in made if question is not None]


def _held(
    context: ComposeContext, item: Any, given: Sequence[EvidencePassage]
) -> QuizQuestion | None:
    try:
        text, answer = clean(item["question"], _LONGEST), clean(item["answer"], _ANSWER)
        wrong = [clean(option, _ANSWER) for option in item["wrong"]]
        passage = given[item["cites"] - 1] if item["cites"] >= 1 else None
    except (AttributeError, IndexError, KeyError, TypeError):
        return None
    options = list(dict.fromkeys(option for option in (answer, *wrong) if option))
    if passage is None or not text or len(options) < _WRONG:
        return None
    everything = " ".join(p.text for p in given).casefold()
    if not _stands(answer, passage.text) or any(_stands(o, everything) for o in options[1:]):
        return None
    verifier = context.verifier
    if verifier.refusal(text) is not None or verifier.verdicts(text, [passage.text])[0] < BEARS:
        return None
    random.Random(text).shuffle(options)  # noqa: S311
    return QuizQuestion(text, "", "", tuple(options), options.index(answer), passage)


def _stands(words: str, text: str) -> bool:
    return f" {_letters(words)} " in f" {_letters(text)} "


def _letters(text: str) -> str:
    spaced = "".join(c if c.isalnum() else " " for c in text.casefold())
    return " ".join(spaced.split())
