"""Rerank by a chat: all candidates in one question, their order as the answer.

Listwise reranking (Sun et al. 2023, "Is ChatGPT Good at Search?"), with an answer that
can be nothing but a permutation. What files say is quoted in JSON; whatever a model makes
of it, it can only move moments that were found anyway.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.common.lru import LRUCache
from engine.common.progress import Progress
from engine.errors import ChatFailed
from engine.generate.budget import Prices
from engine.generate.chat import Chat, ChatImage, Message, Reply, Schema, Usage
from engine.query.rerank.base import Budget, Document, Reranked, fingerprint, in_fused_order
from engine.query.rerank.question import Question, build_question

RANKING = Schema(
    "ranking",
    {
        "type": "object",
        "properties": {"ranking": {"type": "array", "items": {"type": "integer"}}},
        "required": ["ranking"],
        "additionalProperties": False,
    },
)
_KEPT = 256
"""Answers in the cache; a few hundred bytes each."""


class Unusable(Exception):
    """An answer that is no order of the candidates. Never leaves this module."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Candidates by their place in the question, from 0, best first; all of them."""

    places: tuple[int, ...]
    left_out: int = 0
    """The number of places at the end that the model did not name."""


class Listwise:
    """``llm``: any chat, asked once.

    Args:
        sees: show it thumbnails beside the words.
        prices: of its tokens.
    """

    name = "llm"

    def __init__(self, chat: Chat, *, sees: bool = False, prices: Prices | None = None) -> None:
        self._chat = chat
        self._sees = sees
        self._prices = prices or Prices()
        self._cache: LRUCache[bytes, Answer] = LRUCache(_KEPT)

    def load(self, progress: Progress) -> None:
        """Do nothing: the model is the server's."""

    def rerank(self, query: str, documents: Sequence[Document], budget: Budget) -> Reranked:
        """Put documents in order; see ``Reranker.rerank``. The scores stay the fused ones."""
        started = time.monotonic()
        top = documents[: max(0, budget.candidates)]
        if len(top) < 2:
            return in_fused_order(documents, None)
        question = build_question(query, top, budget, self._prices, sees=self._sees)
        if question.candidates < 2:
            result = in_fused_order(documents, f"the fused order stands: {question.full}")
        else:
            result = self._ordered(documents, question, started + budget.seconds)
        return replace(result, seconds=time.monotonic() - started)

    def _ordered(
        self, documents: Sequence[Document], question: Question, deadline: float
    ) -> Reranked:
        key = self._key(question.messages)
        usage = Usage()
        answer = self._cache.get(key)
        cached = answer is not None
        if answer is None:
            try:
                reply = self._reply(question, deadline)
                usage = reply.usage
                answer = read_ranking(reply.text, question.candidates)
            except (ChatFailed, Unusable) as error:
                failed = in_fused_order(documents, f"the fused order stands: {error}")
                return replace(failed, tokens=usage.total, money=self._prices.cost(usage))
            self._cache.put(key, answer)
        result = _apply(documents, answer, _note(question, answer))
        money = self._prices.cost(usage)
        return replace(result, cached=cached, tokens=usage.total, money=money)

    def _reply(self, question: Question, deadline: float) -> Reply:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ChatFailed("no time was left to ask the model")
        return self._chat.reply(
            question.messages, seconds=left, schema=RANKING, most_tokens=question.most_tokens
        )

    def _key(self, messages: Sequence[Message]) -> bytes:
        return fingerprint(f"{self._chat.model}\n{messages!r}".encode() + _pictures(messages))


def read_ranking(text: str, candidates: int) -> Answer:
    """Parse and check an answer of the model. Numbers in it count from 1.

    Raises:
        Unusable: it is no JSON of the form that was asked for, or names a candidate that
            does not exist, or one twice.
    """
    numbers = _numbers(text)
    if any(not 1 <= number <= candidates for number in numbers):
        raise Unusable("the model named a candidate that does not exist")
    if len(set(numbers)) < len(numbers):
        raise Unusable("the model named a candidate twice")
    if not numbers:
        raise Unusable("the model named no candidate")
    named = [number - 1 for number in numbers]
    rest = sorted(set(range(candidates)) - set(named))
    return Answer((*named, *rest), len(rest))


def _numbers(text: str) -> list[int]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise Unusable("the model's answer is no JSON, or was cut off") from None
    numbers = answer.get("ranking") if isinstance(answer, dict) and len(answer) == 1 else None
    # True is an int to Python.
    if not isinstance(numbers, list) or any(type(number) is not int for number in numbers):
        raise Unusable("the model's answer is no list of numbers")
    return numbers


def _apply(documents: Sequence[Document], answer: Answer, note: str | None) -> Reranked:
    asked = len(answer.places)
    ordered = [documents[place] for place in answer.places]
    return in_fused_order([*ordered, *documents[asked:]], note)


def _note(question: Question, answer: Answer) -> str | None:
    """Return what was not put in order, and why."""
    notes = [question.full] if question.full else []
    if answer.left_out:
        notes.append(
            f"the model left out {answer.left_out} of {question.candidates},"
            " which follow in the fused order"
        )
    return "; ".join(notes) or None


def _pictures(messages: Sequence[Message]) -> bytes:
    """Return fingerprints of the pictures, which a message's representation leaves out."""
    parts = [part for message in messages for part in message.parts]
    return b"".join(fingerprint(part.jpeg) for part in parts if isinstance(part, ChatImage))
